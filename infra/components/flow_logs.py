"""The VPC's flow logs: who spoke to whom, or who was refused, in a log group of the program.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policy import Statement, policy_document, trust


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """`traffic` is `REJECT` (what security groups refused) or `ALL`, which costs many times as much."""

    prefix: str
    traffic: str
    log_retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """The flow logs of one VPC.

    Creates:
      - a log group, and a role that may write there
      - the flow log itself
    """

    def __init__(
        self, name: str, args: FlowLogsArgs, *, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("serverless-orders:components:FlowLogs", name, None, opts)
        group = aws.cloudwatch.LogGroup(
            name,
            name=f"/vpc/{args.prefix}orders",
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = self._build_role(name, group)
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            traffic_type=args.traffic,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _build_role(self, name: str, group: aws.cloudwatch.LogGroup) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("vpc-flow-logs.amazonaws.com"), opts=opts)
        streams = pulumi.Output.concat(group.arn, ":*")
        # AWS looks the group up by listing: that action takes groups of the account and no single one.
        groups = group.arn.apply(lambda arn: ":".join([*arn.split(":")[:6], "*"]))
        statements = [
            Statement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], resources=[streams]
            ),
            Statement(actions=["logs:DescribeLogGroups"], resources=[groups]),
        ]
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(statements), opts=opts)
        return role
