"""The role of a Lambda function in the VPC, made before the network and deleted after it.

Lambda makes and removes network interfaces in the role's name: those of the function, and for a mapping from Amazon MQ
those of its pollers, which outlive the mapping. Once the role is gone they are never removed, and security groups and
subnets can no longer be deleted. So the whole network depends on the roles: at `pulumi destroy` the provider waits with
each group and subnet until Lambda has taken its interfaces away, and only then the roles go.
"""

import pulumi
import pulumi_aws as aws

from components.policy import Statement, policy_document, trust

# A network interface has no ARN before it exists, and Lambda demands these rights on all resources.
_INTERFACES = Statement(
    actions=[
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
    ],
    resources=["*"],
)


class ExecutionRole(pulumi.ComponentResource):
    """A role that Lambda assumes.

    Creates:
      - the role
      - its policy for network interfaces; what the function itself may do is added by the function

    Outputs: name, arn.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:ExecutionRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("lambda.amazonaws.com"), opts=child)
        aws.iam.RolePolicy(f"{name}-interfaces", role=role.name, policy=policy_document([_INTERFACES]), opts=child)
        self.name: pulumi.Output[str] = role.name
        self.arn: pulumi.Output[str] = role.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
