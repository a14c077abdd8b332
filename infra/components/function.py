"""One Lambda function behind the alias `live`.

Whoever invokes it names the alias: a version is published with each change, so a deployment moves all callers at once
and going back is moving the alias.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policy import Statement, policy_document, trust

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
LIVE = "live"
LAYERS_MAX = 5  # AWS's limit, layers of extensions included
_VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`package` is the import package whose `handler.lambda_handler` runs; `code` its archive."""

    prefix: str
    package: str
    code: str
    layers: Sequence[pulumi.Input[str]]
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    reserved_concurrency: int | None = None
    log_retention_days: int = 30


class Function(pulumi.ComponentResource):
    """A function in the VPC.

    Creates:
      - an execution role: Lambda's VPC access policy and the given statements
      - a log group
      - the function and a version of it
      - the alias `live`

    Outputs: name, arn, qualifier (the alias), alias_arn.
    """

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Function", name, None, opts)
        if len(args.layers) > LAYERS_MAX:
            raise ValueError(f"function {name} has {len(args.layers)} layers, Lambda takes {LAYERS_MAX}")
        role = self._build_role(name, args)
        function = self._build_function(name, args, role)
        alias = aws.lambda_.Alias(
            name,
            name=LIVE,
            function_name=function.name,
            function_version=function.version,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name: pulumi.Output[str] = function.name
        self.arn: pulumi.Output[str] = function.arn
        self.qualifier: pulumi.Output[str] = alias.name
        self.alias_arn: pulumi.Output[str] = alias.arn
        self.register_outputs({"name": self.name, "alias_arn": self.alias_arn})

    def invoke(self) -> Statement:
        """Grant invoking the alias."""
        return Statement(actions=["lambda:InvokeFunction"], resources=[self.alias_arn])

    def _build_role(self, name: str, args: FunctionArgs) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=trust("lambda.amazonaws.com"), opts=opts)
        aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=_VPC_ACCESS, opts=opts)
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(args.statements), opts=opts)
        return role

    def _build_function(self, name: str, args: FunctionArgs, role: aws.iam.Role) -> aws.lambda_.Function:
        function_name = f"{args.prefix}{args.package}"
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return aws.lambda_.Function(
            name,
            name=function_name,
            role=role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"{args.package}.handler.lambda_handler",
            code=pulumi.FileArchive(args.code),
            layers=args.layers,
            memory_size=args.memory_mb,
            timeout=args.timeout_s,
            environment={"variables": args.environment},
            reserved_concurrent_executions=args.reserved_concurrency,
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            vpc_config={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            publish=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
