"""Turn the resources that the program registers into the plan.

Every resource is placed, is of a kind that this machine has no use for, or is an error: nothing that would run in AWS
goes missing here unnoticed. A value that Pulumi marked secret becomes `{"$secret": name}`. A mark where the plan has
no room for one is an error. At the end no secret value that was seen may occur in the plan.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from localregion.plan.checks import check
from localregion.plan.errors import PlanError
from localregion.plan.evaluate import evaluate
from localregion.plan.inputs import (
    archive,
    environment,
    json_object,
    label,
    number,
    plain,
    secret_content,
    text,
)
from localregion.plan.mocks import MANAGED_SECRET, Resource, is_secret
from localregion.plan.model import (
    ACCOUNT,
    PUBLIC_FIELDS,
    Broker,
    Configurator,
    Database,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    Gateway,
    Invocation,
    Plan,
    Schedule,
    redacted,
)
from localregion.plan.registered import Registered
from localregion.plan.types import (
    ALIAS,
    BROKER,
    BUCKET,
    DATABASE,
    EVENT_INVOKE_CONFIG,
    FUNCTION,
    INVOCATION,
    MAPPING,
    SCHEDULE,
    SECRET_VERSION,
    refuse_unplaced,
)
from localregion.project import Project


def collect(project: Project, stack: str) -> Plan:
    """Evaluate the program for a stack and return its plan. Raises PlanError and the program's own exceptions."""
    resources, region = evaluate(project, stack)
    return Collector(resources, project).plan(stack=stack, region=region)


class Collector:
    """The registered resources of one evaluation, by type and by ARN."""

    def __init__(self, resources: Sequence[Resource], project: Project) -> None:
        self._project = project
        self._registered = Registered(resources)

    def plan(self, *, stack: str, region: str) -> Plan:
        refuse_unplaced(self._registered.all)
        plan = Plan(
            stack=stack,
            region=region,
            account=ACCOUNT,
            functions=[self._function(resource) for resource in self._registered.of_type(FUNCTION)],
            event_source_mappings=[self._mapping(resource) for resource in self._registered.of_type(MAPPING)],
            schedules=[self._schedule(resource) for resource in self._registered.of_type(SCHEDULE)],
            invocations=[self._invocation(resource) for resource in self._registered.by_dependency(INVOCATION)],
            secrets=self._secrets(),
            database=self._database(),
            broker=self._broker(),
            gateway=self._gateway(),
            event_invoke_configs=[
                self._event_invoke_config(resource) for resource in self._registered.of_type(EVENT_INVOKE_CONFIG)
            ],
            buckets=[str(resource.outputs["bucket"]) for resource in self._registered.of_type(BUCKET)],
        )
        self._refuse_leaks(plan)
        check(plan, self._project)
        return plan

    def _function(self, resource: Resource) -> Function:
        inputs, program = resource.inputs, self._project.program
        name = str(resource.outputs["name"])
        aliases = [each for each in self._registered.of_type(ALIAS) if each.inputs["functionName"] == name]
        self._registered.check_role(resource)
        concurrency = inputs.get("reservedConcurrentExecutions")
        return Function(
            name=name,
            arn=str(resource.outputs["arn"]),
            handler=text(resource, "handler"),
            runtime=text(resource, "runtime"),
            architecture=str(plain(inputs.get("architectures", ["x86_64"]))[0]),
            memory_mb=number(resource, "memorySize", default=128),
            timeout_s=number(resource, "timeout", default=3),
            environment=environment(resource),
            code=archive(resource, "code", program=program),
            layers=[self._registered.layer(resource, str(arn), program=program) for arn in inputs.get("layers", [])],
            reserved_concurrency=None if concurrency is None else int(concurrency),
            aliases=[str(alias.outputs["name"]) for alias in aliases],
        )

    def _mapping(self, resource: Resource) -> EventSourceMapping:
        inputs = resource.inputs
        source = self._registered.by_arn.get(str(inputs.get("eventSourceArn")))
        if source is None or source.type != BROKER:
            raise PlanError(
                f"{label(resource)} reads from {inputs.get('eventSourceArn')}, which is not the broker: give the arn "
                "of the program's aws.mq.Broker"
            )
        function, qualifier = self._registered.target(resource, text(resource, "functionName"))
        if not inputs.get("queues"):
            raise PlanError(f"{label(resource)} has no queue: give `queues` the name of one")
        access = {entry["type"]: str(entry["uri"]) for entry in inputs.get("sourceAccessConfigurations", [])}
        if "BASIC_AUTH" not in access:
            raise PlanError(
                f"{label(resource)} has no login for the broker: give `source_access_configurations` a BASIC_AUTH with "
                "the arn of a secret that holds username and password"
            )
        window = inputs.get("maximumBatchingWindowInSeconds")
        return EventSourceMapping(
            name=resource.name,
            function=function,
            qualifier=qualifier,
            queue=text(resource, "queues"),
            virtual_host=access.get("VIRTUAL_HOST", "/"),
            secret=self._registered.secret_name(resource, access["BASIC_AUTH"]),
            batch_size=int(inputs.get("batchSize", 100)),
            batching_window_s=None if window is None else int(window),
            enabled=bool(inputs.get("enabled", True)),
        )

    def _schedule(self, resource: Resource) -> Schedule:
        target = resource.inputs["target"]
        function, qualifier = self._registered.target(resource, str(target["arn"]))
        return Schedule(
            name=resource.name,
            function=function,
            qualifier=qualifier,
            expression=text(resource, "scheduleExpression"),
            input=json_object(resource, target.get("input", "{}")),
            enabled=resource.inputs.get("state", "ENABLED") == "ENABLED",
        )

    def _event_invoke_config(self, resource: Resource) -> EventInvokeConfig:
        inputs, function = resource.inputs, text(resource, "functionName")
        if function not in {str(each.outputs["name"]) for each in self._registered.of_type(FUNCTION)}:
            raise PlanError(f"{label(resource)} is about {function}, which is no function of the program")
        if inputs.get("destinationConfig"):
            raise PlanError(f"{label(resource)} has destinations, which have no place in the plan")
        qualifier = inputs.get("qualifier")
        retries, age_s = inputs.get("maximumRetryAttempts"), inputs.get("maximumEventAgeInSeconds")
        return EventInvokeConfig(
            function=function,
            qualifier=None if qualifier is None else str(qualifier),
            maximum_retry_attempts=None if retries is None else int(retries),
            maximum_event_age_s=None if age_s is None else int(age_s),
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
        secrets = {}
        if (database := self._registered.only(DATABASE)) is not None:
            secrets[MANAGED_SECRET] = redacted(MANAGED_SECRET, database.inputs, ["username", "password"])
        for version in self._registered.of_type(SECRET_VERSION):
            name = self._registered.secret_name(version, text(version, "secretId"))
            if not is_secret(version.inputs["secretString"]):
                raise PlanError(
                    f"the value of secret {name} is not marked secret: it would stand in the state in clear"
                )
            content = secret_content(version)
            if "_format_version" not in content:
                secrets[name] = redacted(name, content, list(content))
        return dict(sorted(secrets.items()))

    def _database(self) -> Database | None:
        resource = self._registered.only(DATABASE)
        if resource is None:
            return None
        if not resource.inputs.get("manageMasterUserPassword"):
            raise PlanError(f"{label(resource)} must let RDS manage its administrator's password")
        return Database(
            engine_version=text(resource, "engineVersion"),
            name=text(resource, "dbName"),
            admin_secret=MANAGED_SECRET,
        )

    def _broker(self) -> Broker | None:
        resource = self._registered.only(BROKER)
        if resource is None:
            return None
        users = resource.inputs.get("users", [])
        if len(users) != 1:
            raise PlanError(
                f"{label(resource)} has {len(users)} users: RabbitMQ on Amazon MQ takes one, make others later"
            )
        (administrator,) = users
        return Broker(
            engine_version=text(resource, "engineVersion"),
            admin_secret=self._registered.reference(administrator["password"], f"{label(resource)}: the password")[
                "$secret"
            ],
        )

    def _gateway(self) -> Gateway | None:
        if self._project.gateway is None:
            return None
        resource = self._registered.only(self._project.gateway)
        if resource is None:
            raise PlanError(
                f"[tool.localregion] names the gateway {self._project.gateway}, and the program registers no such "
                "component: register it, or take the key out"
            )
        config = self._registered.revealing(resource.inputs["declarative_config"], label(resource))
        settings = dict(sorted((resource.inputs.get("settings") or {}).items()))
        return Gateway(
            version=text(resource, "version"),
            declarative_config=config,
            settings=settings,
            configurator=_configurator(resource),
        )

    def _refuse_leaks(self, plan: Plan) -> None:
        written = plan.to_json()
        for resource, value in self._secret_values():
            if json.dumps(value)[1:-1] in written:
                raise PlanError(f"a secret value of {label(resource)} stands in the plan in clear")

    def _secret_values(self) -> Iterator[tuple[Resource, str]]:
        for version in self._registered.of_type(SECRET_VERSION):
            content = secret_content(version)
            if "_format_version" not in content:
                for key in content.keys() - PUBLIC_FIELDS:
                    yield version, str(content[key])


def _configurator(resource: Resource) -> Configurator | None:
    given = resource.inputs.get("configurator")
    if given is None:
        return None
    return Configurator(
        script=str(given["script"]),
        environment={key: str(plain(value)) for key, value in sorted(given["environment"].items())},
    )
