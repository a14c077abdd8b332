"""What a stack consists of, as far as it costs: counted from the resources that the program registers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localregion import project
from localregion.plan.evaluate import evaluate, stack_config
from localregion.plan.mocks import Resource

ROOT = Path(__file__).resolve().parents[3]
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HOURS = {"minute": 1 / 60, "hour": 1, "day": 24}
_METRICS = re.compile(r"^\| ((?:`[A-Z]\w+`(?:, )?)+) \| (?:Count|Seconds) \| (.+?) \|", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The resources of one stack, and its configuration by key."""

    name: str
    resources: Sequence[Resource]
    config: Mapping[str, str]

    def of_type(self, type_: str) -> list[Resource]:
        return [each for each in self.resources if each.type == type_]

    def one(self, type_: str) -> Mapping[str, Any]:
        """Return the inputs of the only resource of a type."""
        (found,) = self.of_type(type_)
        return found.inputs

    @property
    def zones(self) -> int:
        return int(self.one("awsx:ec2:Vpc")["numberOfAvailabilityZones"])

    @property
    def nat_gateways(self) -> int:
        return 1 if self.one("awsx:ec2:Vpc")["natGateways"]["strategy"] == "Single" else self.zones

    @property
    def endpoints(self) -> int:
        return len(self.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"))

    @property
    def task(self) -> Mapping[str, Any]:
        task: Mapping[str, Any] = self.one("awsx:ecs:FargateService")["taskDefinitionArgs"]
        return task

    @property
    def tasks(self) -> tuple[int, int]:
        """The least and the most tasks of Kong."""
        target = self.one("aws:appautoscaling/target:Target")
        return int(target["minCapacity"]), int(target["maxCapacity"])

    @property
    def broker(self) -> tuple[str, int]:
        """The type of a node, and how many there are."""
        broker = self.one("aws:mq/broker:Broker")
        return str(broker["hostInstanceType"]), 3 if broker["deploymentMode"] == "CLUSTER_MULTI_AZ" else 1

    @property
    def database(self) -> Mapping[str, Any]:
        return self.one("aws:rds/instance:Instance")

    @property
    def database_zones(self) -> int:
        return 2 if self.database["multiAz"] else 1

    @property
    def functions(self) -> Mapping[str, Mapping[str, Any]]:
        return {each.name: each.inputs for each in self.of_type("aws:lambda/function:Function")}

    @property
    def secrets(self) -> int:
        """All secrets, with the one that RDS makes for its administrator."""
        return len(self.of_type("aws:secretsmanager/secret:Secret")) + 1

    @property
    def alarm_metrics(self) -> int:
        """Metrics that alarms watch; one with queries watches as many as they name."""
        alarms = [each.inputs for each in self.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")]
        return sum(sum("metric" in query for query in each.get("metricQueries") or [{"metric": {}}]) for each in alarms)

    @property
    def firewall_rules(self) -> int:
        return sum(len(each.inputs["rules"]) for each in self.of_type("aws:wafv2/webAcl:WebAcl"))

    @property
    def scheduled_gb(self) -> float:
        """What the runs of a month would take if each lasted a second, in GB-seconds."""
        memory = {each.outputs["arn"]: each.inputs["functionName"] for each in self.of_type("aws:lambda/alias:Alias")}
        sizes = {str(each["name"]): int(each["memorySize"]) / 1024 for each in self.functions.values()}
        schedules = [each.inputs for each in self.of_type("aws:scheduler/schedule:Schedule")]
        return sum(_runs(each["scheduleExpression"]) * sizes[memory[each["target"]["arn"]]] for each in schedules)

    @property
    def runs(self) -> float:
        """Runs of schedules in a month."""
        return sum(_runs(each.inputs["scheduleExpression"]) for each in self.of_type("aws:scheduler/schedule:Schedule"))

    def count(self, type_: str) -> int:
        return len(self.of_type(type_))

    def reserved(self, function: str) -> int:
        return int(self.functions[function]["reservedConcurrentExecutions"])


def read_stack(name: str) -> Stack:
    """Evaluate the program for a stack."""
    return stack_of(name, evaluate(project.read(ROOT), name)[0])


def stack_of(name: str, resources: Sequence[Resource]) -> Stack:
    """Return a stack of resources that were evaluated."""
    config, _ = stack_config(ROOT / "infra", name)
    keys = {key.removeprefix("serverless-orders:"): value for key, value in config.items()}
    return Stack(name=name, resources=resources, config=keys)


def custom_metrics() -> int:
    """Count the metrics that functions write, each function's its own: docs/tracing.md lists them all."""
    rows = _METRICS.findall((ROOT / "docs" / "tracing.md").read_text())
    return sum(len(names.split(",")) * _writers(writers) for names, writers in rows)


def _writers(named: str) -> int:
    return named.count("`") // 2 + 2 * named.count("both relays")


def _runs(expression: str) -> float:
    found = RATE.fullmatch(expression)
    if found is None:
        raise ValueError(f"{expression} is no rate; teach {__name__} to read it")
    return 730 / (int(found[1]) * _HOURS[found[2]])


def memory_gb(inputs: Mapping[str, Any]) -> float:
    return int(inputs["memorySize"]) / 1024
