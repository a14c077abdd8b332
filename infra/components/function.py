"""One Lambda function behind the alias `live`.

Callers name the alias. A version is published with each change, so a deployment moves all callers at once, and a
roll-back moves the alias back. The alias moves when what the new code needs is there (`live_after`), so a release
that fails leaves the old code running on the old schema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.execution_role import ExecutionRole
from components.policy import Statement, policy_document

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
LIVE = "live"
LAYERS_MAX = 5  # AWS's limit, layers of extensions included


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`package` is the import package whose `handler.lambda_handler` runs; `code` its archive."""

    prefix: str
    package: str
    role: ExecutionRole
    code: str
    layers: Sequence[pulumi.Input[str]]
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    log_level: str
    log_retention_days: int
    reserved_concurrency: int | None = None
    snap_start: bool = False
    aliases: int = 1
    live_after: Sequence[pulumi.Resource] = ()


class Function(pulumi.ComponentResource):
    """A function in the VPC.

    Creates:
      - the policy of its execution role: its log group and the given statements
      - a log group
      - the function and a version of it
      - the alias `live`, and `live-2`, `live-3` where `aliases` says so: they move together

    Outputs: package, name, arn, qualifier (the alias), alias_arn, alias_arns (of all), log_group.
    """

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Function", name, None, opts)
        if len(args.layers) > LAYERS_MAX:
            raise ValueError(f"function {name} has {len(args.layers)} layers, Lambda takes {LAYERS_MAX}")
        function = self._build_function(name, args)
        aliases = [self._build_alias(name, args, function, number) for number in range(1, args.aliases + 1)]
        self.package = args.package
        self.name: pulumi.Output[str] = function.name
        self.arn: pulumi.Output[str] = function.arn
        self.qualifier: pulumi.Output[str] = aliases[0].name
        self.alias_arn: pulumi.Output[str] = aliases[0].arn
        self.alias_arns: list[pulumi.Output[str]] = [alias.arn for alias in aliases]
        self.log_group: pulumi.Output[str] = function.logging_config.log_group
        self.register_outputs({"name": self.name, "alias_arn": self.alias_arn})

    def invoke(self) -> Statement:
        """Grant invoking the alias."""
        return Statement(actions=["lambda:InvokeFunction"], resources=[self.alias_arn])

    def _build_alias(
        self, name: str, args: FunctionArgs, function: aws.lambda_.Function, number: int
    ) -> aws.lambda_.Alias:
        suffix = "" if number == 1 else f"-{number}"
        return aws.lambda_.Alias(
            f"{name}{suffix}",
            name=f"{LIVE}{suffix}",
            function_name=function.name,
            function_version=function.version,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.live_after)),
        )

    def _build_function(self, name: str, args: FunctionArgs) -> aws.lambda_.Function:
        function_name = f"{args.prefix}{name}"
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        rights = self._build_policy(name, args, log_group)
        return aws.lambda_.Function(
            name,
            name=function_name,
            role=args.role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"{args.package}.handler.lambda_handler",
            code=pulumi.FileArchive(args.code),
            layers=args.layers,
            memory_size=args.memory_mb,
            timeout=args.timeout_s,
            environment={"variables": args.environment},
            reserved_concurrent_executions=args.reserved_concurrency,
            logging_config={
                "log_format": "JSON",
                "application_log_level": _least_level_kept(args.log_level),
                "system_log_level": "INFO",
                "log_group": log_group.name,
            },
            vpc_config={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            snap_start={"apply_on": "PublishedVersions"} if args.snap_start else None,
            # The trace is W3C's and comes in the event. Active would make Lambda begin a trace of its own beside it.
            tracing_config={"mode": "PassThrough"},
            publish=True,
            # Lambda refuses a function whose role may not yet make network interfaces.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.role, rights]),
        )

    def _build_policy(self, name: str, args: FunctionArgs, log_group: aws.cloudwatch.LogGroup) -> aws.iam.RolePolicy:
        # Not logs:CreateLogGroup: a group that Lambda makes anew has no retention.
        write = Statement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[pulumi.Output.concat(log_group.arn, ":*")],
        )
        return aws.iam.RolePolicy(
            name,
            role=args.role.name,
            policy=policy_document([write, *args.statements]),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _least_level_kept(log_level: str) -> str:
    """Return the level below which Lambda drops a function's lines, INFO where nothing is said.

    Never a higher one: lines without a level, metrics for one, are INFO to Lambda.
    """
    return "DEBUG" if log_level == "DEBUG" else "INFO"
