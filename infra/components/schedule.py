"""A function invoked at a rate by EventBridge Scheduler."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.function import Function
from components.policy import policy_document, trust

EVENT_AGE_MAX_S = 60  # the least that Scheduler and Lambda take, and the shortest rate


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """`expression` as EventBridge Scheduler spells it: `rate(1 minute)` is the shortest; `input` is the event."""

    prefix: str
    expression: str
    function: Function
    input: Mapping[str, Any] = field(default_factory=dict)
    # Another schedule of the same function, which says already how its runs are treated: AWS has one such word of each.
    beside: "Schedule | None" = None


class Schedule(pulumi.ComponentResource):
    """The schedule of one function.

    Creates:
      - a role that may invoke the function's alias and nothing else
      - the schedule, and how Lambda treats what it accepts from it: no retries, and forgotten after a minute, since the
        next run comes anyway and runs that pile up throttle each other

    Outputs: arn.
    """

    def __init__(self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Schedule", name, None, opts)
        role = self._build_role(name, args)
        self.event_invoke_config: aws.lambda_.FunctionEventInvokeConfig = (
            self._build_event_invoke_config(name, args) if args.beside is None else args.beside.event_invoke_config
        )
        schedule = aws.scheduler.Schedule(
            name,
            name=f"{args.prefix}{name}",
            schedule_expression=args.expression,
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": args.function.alias_arn,
                "role_arn": role.arn,
                "input": json.dumps(args.input),
                "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": EVENT_AGE_MAX_S},
            },
            # In force before the first run.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.event_invoke_config]),
        )
        self.arn: pulumi.Output[str] = schedule.arn
        self.register_outputs({"arn": self.arn})

    def _build_event_invoke_config(self, name: str, args: ScheduleArgs) -> aws.lambda_.FunctionEventInvokeConfig:
        return aws.lambda_.FunctionEventInvokeConfig(
            name,
            function_name=args.function.name,
            qualifier=args.function.qualifier,
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=EVENT_AGE_MAX_S,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _build_role(self, name: str, args: ScheduleArgs) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-schedule", assume_role_policy=trust("scheduler.amazonaws.com"), opts=opts)
        policy = policy_document([args.function.invoke()])
        aws.iam.RolePolicy(f"{name}-schedule", role=role.name, policy=policy, opts=opts)
        return role
