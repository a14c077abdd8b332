"""Turn the resources that the program registers into the plan.

Every resource is placed, is of a kind that this machine has no use for, or is an error: nothing that would run in AWS
goes missing here unnoticed. A value that Pulumi marked secret becomes `{"$secret": name}`. A mark where the plan has
no room for one is an error. At the end no secret value that was seen may occur in the plan.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localregion.plan.evaluate import evaluate
from localregion.plan.inputs import (
    PlanError,
    archive,
    environment,
    json_object,
    label,
    number,
    plain,
    redacted,
    secret_content,
    text,
)
from localregion.plan.mocks import ACCOUNT, MANAGED_SECRET, PUBLIC_FIELDS, Resource, is_secret, placeholder
from localregion.plan.model import Broker, Database, EventSourceMapping, Function, Gateway, Invocation, Plan, Schedule
from localregion.project import Project

_FUNCTION = "aws:lambda/function:Function"
_ALIAS = "aws:lambda/alias:Alias"
_LAYER = "aws:lambda/layerVersion:LayerVersion"
_INVOCATION = "aws:lambda/invocation:Invocation"
_MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
_SCHEDULE = "aws:scheduler/schedule:Schedule"
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type)
_SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105 (a type)
_DATABASE = "aws:rds/instance:Instance"
_BROKER = "aws:mq/broker:Broker"

_PLACED = frozenset(
    {_FUNCTION, _ALIAS, _LAYER, _INVOCATION, _MAPPING, _SCHEDULE, _SECRET, _SECRET_VERSION, _DATABASE, _BROKER}
)
# What stands around the system in AWS and has no counterpart here: the network, rights, TLS, pooling, watching.
_NOT_BOOTED = re.compile(
    r"awsx:(ec2/vpc:Vpc|ec2:Vpc|ecs:FargateService)"
    r"|aws:(iam|ec2|vpc|lb|ecs|acm|kms|route53|wafv2|appautoscaling)/"
    r"|aws:rds/(proxy|proxyDefaultTargetGroup|proxyTarget|subnetGroup|parameterGroup):"
    r"|aws:cloudwatch/(logGroup|metricAlarm|compositeAlarm|dashboard|logMetricFilter|queryDefinition):"
    r"|aws:sns/"
    r"|pulumi:providers:"
)


def collect(project: Project, stack: str) -> Plan:
    """Evaluate the program for a stack and return its plan. Raises PlanError and the program's own exceptions."""
    resources, region = evaluate(project, stack)
    return Collector(resources, project).plan(stack=stack, region=region)


class Collector:
    """The registered resources of one evaluation, by type and by ARN."""

    def __init__(self, resources: Sequence[Resource], project: Project) -> None:
        self._project = project
        self._resources = sorted(resources, key=lambda resource: (resource.type, resource.name))
        self._by_arn = {
            str(resource.outputs["arn"]): resource for resource in self._resources if "arn" in resource.outputs
        }

    def plan(self, *, stack: str, region: str) -> Plan:
        self._refuse_unplaced()
        plan = Plan(
            stack=stack,
            region=region,
            account=ACCOUNT,
            functions=[self._function(resource) for resource in self._of(_FUNCTION)],
            event_source_mappings=[self._mapping(resource) for resource in self._of(_MAPPING)],
            schedules=[self._schedule(resource) for resource in self._of(_SCHEDULE)],
            invocations=[self._invocation(resource) for resource in self._of(_INVOCATION)],
            secrets=self._secrets(),
            database=self._database(self._only(_DATABASE)),
            broker=self._broker(self._only(_BROKER)),
            gateway=self._gateway(self._only(self._project.gateway or "")),
        )
        self._refuse_leaks(plan)
        return plan

    def _of(self, type_: str) -> list[Resource]:
        return [resource for resource in self._resources if resource.type == type_]

    def _only(self, type_: str) -> Resource:
        found = self._of(type_)
        if len(found) != 1:
            raise PlanError(f"the plan holds one {type_}, the program registers {len(found)}")
        return found[0]

    def _refuse_unplaced(self) -> None:
        for resource in self._resources:
            if resource.is_component:
                continue
            if resource.type not in _PLACED and not _NOT_BOOTED.match(resource.type):
                raise PlanError(
                    f"{label(resource)} has no place in the plan: teach localregion/plan/collect.py to place it, or "
                    "list its type among those that are not booted"
                )

    def _function(self, resource: Resource) -> Function:
        inputs = resource.inputs
        name = str(resource.outputs["name"])
        concurrency = inputs.get("reservedConcurrentExecutions")
        return Function(
            name=name,
            arn=str(resource.outputs["arn"]),
            handler=text(resource, "handler"),
            runtime=text(resource, "runtime"),
            architecture=str(plain(inputs.get("architectures", ["x86_64"]))[0]),
            memory_mb=number(resource, "memorySize"),
            timeout_s=number(resource, "timeout"),
            environment=environment(resource),
            code=archive(resource, "code", program=self._project.program),
            layers=[self._layer(str(arn)) for arn in inputs.get("layers", [])],
            reserved_concurrency=None if concurrency is None else int(concurrency),
            aliases=[str(alias.outputs["name"]) for alias in self._of(_ALIAS) if alias.inputs["functionName"] == name],
        )

    def _layer(self, arn: str) -> str:
        layer = self._by_arn.get(arn)
        return arn if layer is None else archive(layer, "code", program=self._project.program)

    def _target(self, resource: Resource, arn: str) -> tuple[str, str | None]:
        """Return name and qualifier of the function that an ARN, with an alias or without, stands for."""
        target = self._by_arn.get(arn)
        if target is not None and target.type == _ALIAS:
            return str(target.inputs["functionName"]), str(target.outputs["name"])
        if target is not None and target.type == _FUNCTION:
            return str(target.outputs["name"]), None
        raise PlanError(f"{label(resource)} invokes {arn}, which is no function of the program")

    def _mapping(self, resource: Resource) -> EventSourceMapping:
        inputs = resource.inputs
        source = self._by_arn.get(str(inputs.get("eventSourceArn")))
        if source is None or source.type != _BROKER:
            raise PlanError(f"{label(resource)} reads from {inputs.get('eventSourceArn')}, which is not the broker")
        function, qualifier = self._target(resource, text(resource, "functionName"))
        access = {entry["type"]: str(entry["uri"]) for entry in inputs.get("sourceAccessConfigurations", [])}
        window = inputs.get("maximumBatchingWindowInSeconds")
        return EventSourceMapping(
            name=resource.name,
            function=function,
            qualifier=qualifier,
            queue=text(resource, "queues"),
            virtual_host=access.get("VIRTUAL_HOST", "/"),
            secret=self._secret_name(resource, access.get("BASIC_AUTH", "nothing")),
            batch_size=int(inputs.get("batchSize", 100)),
            batching_window_s=None if window is None else int(window),
            enabled=bool(inputs.get("enabled", True)),
        )

    def _schedule(self, resource: Resource) -> Schedule:
        target = resource.inputs["target"]
        function, qualifier = self._target(resource, str(target["arn"]))
        return Schedule(
            name=resource.name,
            function=function,
            qualifier=qualifier,
            expression=text(resource, "scheduleExpression"),
            input=json_object(resource, target.get("input", "{}")),
            enabled=resource.inputs.get("state", "ENABLED") == "ENABLED",
        )

    def _invocation(self, resource: Resource) -> Invocation:
        qualifier = resource.inputs.get("qualifier")
        return Invocation(
            name=resource.name,
            function=text(resource, "functionName"),
            qualifier=None if qualifier is None else str(qualifier),
            input=json_object(resource, resource.inputs["input"]),
            triggers={key: str(value) for key, value in sorted(resource.inputs.get("triggers", {}).items())},
        )

    def _secrets(self) -> dict[str, dict[str, Any]]:
        """Return every secret that a function or a person reads, which leaves out Kong's filled-in configuration."""
        secrets = {MANAGED_SECRET: redacted(MANAGED_SECRET, self._only(_DATABASE).inputs, ["username", "password"])}
        for version in self._of(_SECRET_VERSION):
            name = self._secret_name(version, text(version, "secretId"))
            if not is_secret(version.inputs["secretString"]):
                raise PlanError(
                    f"the value of secret {name} is not marked secret: it would stand in the state in clear"
                )
            content = secret_content(version)
            if "_format_version" not in content:
                secrets[name] = redacted(name, content, list(content))
        return dict(sorted(secrets.items()))

    def _secret_name(self, resource: Resource, arn: str) -> str:
        secret = self._by_arn.get(arn)
        if secret is None or secret.type != _SECRET:
            raise PlanError(f"{label(resource)} names {arn}, which is no secret of the program")
        return str(secret.outputs["name"])

    def _database(self, resource: Resource) -> Database:
        if not resource.inputs.get("manageMasterUserPassword"):
            raise PlanError(f"{label(resource)} must let RDS manage its administrator's password")
        return Database(
            engine_version=text(resource, "engineVersion"),
            name=text(resource, "dbName"),
            admin_secret=MANAGED_SECRET,
        )

    def _broker(self, resource: Resource) -> Broker:
        (administrator,) = resource.inputs["users"]
        return Broker(
            engine_version=text(resource, "engineVersion"),
            admin_secret=self._reference(administrator["password"], f"{label(resource)}: the password")["$secret"],
        )

    def _gateway(self, resource: Resource) -> Gateway:
        config = self._revealing(resource.inputs["declarative_config"], label(resource))
        return Gateway(version=text(resource, "version"), declarative_config=config)

    def _revealing(self, node: Any, where: str) -> Any:
        """Return a tree in which each value that is marked secret is a reference to its secret."""
        if is_secret(node):
            return self._reference(node, where)
        if isinstance(node, Mapping):
            return {key: self._revealing(value, f"{where}.{key}") for key, value in sorted(node.items())}
        if isinstance(node, list):
            return [self._revealing(value, f"{where}[{index}]") for index, value in enumerate(node)]
        return plain(node)

    def _reference(self, node: Any, where: str) -> dict[str, str]:
        value = node["value"] if is_secret(node) else None
        for secret in self._of(_SECRET):
            if value == placeholder(str(secret.outputs["name"])):
                return {"$secret": str(secret.outputs["name"])}
        raise PlanError(f"{where} is not the value of a secret's version, marked secret")

    def _refuse_leaks(self, plan: Plan) -> None:
        written = plan.to_json()
        for resource, value in self._secret_values():
            if json.dumps(value)[1:-1] in written:
                raise PlanError(f"a secret value of {label(resource)} stands in the plan in clear")

    def _secret_values(self) -> Iterator[tuple[Resource, str]]:
        for version in self._of(_SECRET_VERSION):
            content = secret_content(version)
            if "_format_version" not in content:
                for key in content.keys() - PUBLIC_FIELDS:
                    yield version, str(content[key])
