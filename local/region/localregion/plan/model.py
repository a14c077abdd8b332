"""The plan: what the Pulumi program in `infra/` describes, as data that this machine can boot.

`collect` fills it, `make plan` writes it, the emulator, the gateway and the supervisor read it; nothing else tells them
what to run. It holds no secret: a secret field is `{"$secret": name}`, its value stands in `.local/secrets.json`.
Addresses that only exist once something runs are references such as `${database.host}`; `resolve` fills them in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localregion.project import command

PLAN_VERSION = 1
ACCOUNT = "000000000000"
PUBLIC_FIELDS = frozenset({"username"})  # of a secret's JSON: what the plan may show

# What a reference may name; the supervisor gives a value to each (see `docs/architecture.md`, local and AWS).
# Where Kong finds the Invoke API is none of them: Kong wants a number for `port`. The plan holds the one of
# `infra/Pulumi.local.yaml`, and the gateway's `--aws-port` takes its place.
REFERENCES = (
    "database.host",
    "database.port",
    "broker.endpoint",
    "broker.management_url",
)
_REFERENCE = re.compile(r"\$\{([a-z_.]+)\}")


class UnknownReferenceError(Exception):
    """The plan refers to something that has no value."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """One Lambda function; `code` and `layers` are folders or archives below the project's root, or layer ARNs."""

    name: str
    arn: str
    handler: str
    runtime: str
    architecture: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str]
    code: str
    layers: list[str]
    reserved_concurrency: int | None = None
    aliases: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class EventSourceMapping:
    """One Amazon MQ mapping: a queue whose batches go to a function. `secret` names the BASIC_AUTH secret."""

    name: str
    function: str
    qualifier: str | None
    queue: str
    virtual_host: str
    secret: str
    batch_size: int
    batching_window_s: int | None
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One EventBridge schedule: `expression` is `rate(…)`, as EventBridge Scheduler spells it."""

    name: str
    function: str
    qualifier: str | None
    expression: str
    input: dict[str, Any]
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class EventInvokeConfig:
    """What Lambda does with events that it has accepted for a function's version or alias (None: `$LATEST`).

    None among its values is Lambda's default: two retries, six hours.
    """

    function: str
    qualifier: str | None
    maximum_retry_attempts: int | None
    maximum_event_age_s: int | None


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One invocation at deploy time (`aws.lambda_.Invocation`); repeated only when input or triggers change."""

    name: str
    function: str
    qualifier: str | None
    input: dict[str, Any]
    triggers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Database:
    engine_version: str
    name: str
    admin_secret: str


@dataclass(frozen=True, kw_only=True)
class Broker:
    engine_version: str
    admin_secret: str


@dataclass(frozen=True, kw_only=True)
class Configurator:
    """A program beside a Kong that starts without configuration: a script below the project's root, its variables."""

    script: str
    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Kong: its version and the declarative configuration as Kong would load it, keys as `{"$secret": name}`.

    `settings` are those variables of Kong's environment that belong to the system, wherever it runs. With a
    `configurator` Kong starts empty, and the declarative configuration is what this one begins with.
    """

    version: str
    declarative_config: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
    configurator: Configurator | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The whole system. `secrets` maps a secret's name to its fields; a generated field is `{"$secret": name}`.

    A program without a database, a broker or a gateway has None there, and is booted without them.
    """

    stack: str
    region: str
    account: str
    functions: list[Function]
    event_source_mappings: list[EventSourceMapping]
    schedules: list[Schedule]
    invocations: list[Invocation]
    secrets: dict[str, dict[str, Any]]
    database: Database | None = None
    broker: Broker | None = None
    gateway: Gateway | None = None
    event_invoke_configs: list[EventInvokeConfig] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)

    def function(self, name: str) -> Function:
        """Return the function of that AWS name; KeyError names the ones there are."""
        for function in self.functions:
            if function.name == name:
                return function
        raise KeyError(f"no function {name!r} in the plan; it has {', '.join(f.name for f in self.functions)}")

    def to_json(self) -> str:
        return json.dumps({"version": PLAN_VERSION, **asdict(self)}, indent=2) + "\n"


def from_json(text: str) -> Plan:
    """Read what `Plan.to_json` wrote. ValueError for a plan of another version."""
    data = json.loads(text)
    version = data.pop("version", None)
    if version != PLAN_VERSION:
        raise ValueError(f"the plan has version {version}, this program reads {PLAN_VERSION}: run `{command('plan')}`")
    return Plan(
        stack=data["stack"],
        region=data["region"],
        account=data["account"],
        functions=[Function(**entry) for entry in data["functions"]],
        event_source_mappings=[EventSourceMapping(**entry) for entry in data["event_source_mappings"]],
        schedules=[Schedule(**entry) for entry in data["schedules"]],
        invocations=[Invocation(**entry) for entry in data["invocations"]],
        secrets=data["secrets"],
        database=Database(**data["database"]) if data["database"] else None,
        broker=Broker(**data["broker"]) if data["broker"] else None,
        gateway=_gateway(data["gateway"]) if data["gateway"] else None,
        event_invoke_configs=[EventInvokeConfig(**entry) for entry in data.get("event_invoke_configs", [])],
        buckets=data.get("buckets", []),
    )


def _gateway(data: dict[str, Any]) -> Gateway:
    configurator = data.get("configurator")
    return Gateway(**{**data, "configurator": Configurator(**configurator) if configurator else None})


def redacted(name: str, fields: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return a secret's fields as the plan shows them."""
    return {key: str(fields[key]) if key in PUBLIC_FIELDS else {"$secret": name} for key in sorted(keys)}


def load(path: Path) -> Plan:
    """Read a plan file."""
    return from_json(path.read_text())


def resolve(plan: Plan, values: Mapping[str, str], secrets: Mapping[str, Mapping[str, str]]) -> Plan:
    """Return the plan with every `${reference}` and `{"$secret": name}` replaced; the result must never be written.

    `values` maps each of REFERENCES to its value here, `secrets` each secret's name to its fields. In
    `declarative_config` a `{"$secret": name}` becomes the secret's `key` field. Raises UnknownReferenceError.
    """
    data = json.loads(plan.to_json())
    environment_and_inputs = {key: _fill(data[key], values) for key in ("functions", "invocations", "schedules")}
    data.update(environment_and_inputs)
    data["secrets"] = {name: dict(secrets[name]) for name in plan.secrets}
    data["gateway"] = _reveal(data["gateway"], secrets)
    return from_json(json.dumps(data))


def _fill(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    if isinstance(node, str):
        return _REFERENCE.sub(lambda match: _value(match.group(1), values), node)
    return node


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise UnknownReferenceError(f"nothing here provides ${{{name}}}; known are {', '.join(sorted(values))}")
    return values[name]


def _reveal(node: Any, secrets: Mapping[str, Mapping[str, str]]) -> Any:
    if isinstance(node, dict):
        if set(node) == {"$secret"}:
            return secrets[node["$secret"]]["key"]
        return {key: _reveal(value, secrets) for key, value in node.items()}
    if isinstance(node, list):
        return [_reveal(value, secrets) for value in node]
    return node
