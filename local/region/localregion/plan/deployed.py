"""Read the plan from what was deployed: the control plane's resources and Lambda's functions and mappings.

The second reader of the one model; `collect` is the first. Invocations are calls and no resources, so there are none;
what has no name in AWS's API, a mapping, is named by its queue. Values go to `secrets`, the plan only names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from localregion.kong.config import request_limit
from localregion.plan.errors import PlanError
from localregion.plan.model import (
    Broker,
    Configurator,
    Database,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    Gateway,
    Plan,
    Schedule,
    redacted,
)
from localregion.plan.rate import period_s

Resources = Mapping[str, Any]
Secrets = dict[str, dict[str, str]]
T = TypeVar("T")

STACK = "region"
# What a container with a configuration for Kong reads; `KONG_DECLARATIVE_CONFIG_STRING` is Kong's own.
_CONFIGURATION = "DECLARATIVE_CONFIG"
_ADMIN_URL = "KONG_ADMIN_URL"
_KONGS_OWN = "KONG_DECLARATIVE_CONFIG_STRING"
_SETTINGS = frozenset(f"KONG_{name.upper()}" for name in request_limit.SETTINGS)
# The script of a container that is `python -c` with a variable.
_SCRIPT = re.compile(r"python3? -c [\"']?\$\{?(?P<variable>\w+)")


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """Lambda's part of what was deployed."""

    functions: Sequence[Function] = ()
    mappings: Sequence[EventSourceMapping] = ()
    event_invoke_configs: Sequence[EventInvokeConfig] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The plan, a value for each of its secrets, and the files that it names, by path from the state folder.

    `problems` say of each resource that cannot run here why; the plan is without it.
    """

    plan: Plan
    secrets: Secrets
    files: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Reader:
    """One look at what there is. `gateway_container` is the container that is Kong; without a name none is."""

    def __init__(self, resources: Resources, *, gateway_container: str | None, files: Path) -> None:
        self._resources = resources
        self._gateway_container = gateway_container
        self._folder = files
        self._files: dict[str, str] = {}
        self._problems: list[str] = []
        self._names = {entry["arn"]: str(entry["name"]) for entry in resources["secrets"]}
        self._contents = {str(entry["name"]): _fields(entry["value"]) for entry in resources["secrets"]}
        self._secrets: Secrets = {name: content for name, content in self._contents.items() if content}

    def read(self, deployed: Deployed, *, region: str, account: str) -> Reading:
        """Return the plan of what this machine can run, and what it cannot."""
        # First: logins that no secret holds become secrets of the plan.
        database, broker = self._tried(self._database), self._tried(self._broker)
        schedules = [self._tried(partial(schedule_of, entry)) for entry in self._resources["schedules"]]
        plan = Plan(
            stack=STACK,
            region=region,
            account=account,
            functions=list(deployed.functions),
            event_source_mappings=list(deployed.mappings),
            schedules=[schedule for schedule in schedules if schedule is not None],
            invocations=[],
            secrets={name: redacted(name, content, content) for name, content in sorted(self._secrets.items())},
            database=database,
            broker=broker,
            gateway=self._tried(self._gateway),
            event_invoke_configs=list(deployed.event_invoke_configs),
            buckets=list(self._resources["buckets"]),
        )
        return Reading(plan=plan, secrets=self._secrets, files=self._files, problems=tuple(self._problems))

    def _tried(self, read: Callable[[], T | None]) -> T | None:
        """Return what a resource is in the plan; one that cannot run hinders no other."""
        try:
            return read()
        except PlanError as error:
            self._problems.append(str(error))
            return None

    def _database(self) -> Database | None:
        entry = _only(self._resources["databases"], "database")
        if entry is None:
            return None
        managed = self._names.get(str(entry["secret_arn"]))
        if managed is None:
            managed = self._own("database", entry["id"], entry["username"], entry["password"])
        # RDS calls the database `postgres` when it is given no name.
        return Database(
            engine_version=str(entry["engine_version"]), name=entry["name"] or "postgres", admin_secret=managed
        )

    def _broker(self) -> Broker | None:
        entry = _only(self._resources["brokers"], "broker")
        if entry is None:
            return None
        administrator = entry["users"][0]
        username, password = administrator["username"], administrator["password"]
        for name, content in self._secrets.items():
            if content.get("username") == username and content.get("password") == password:
                return Broker(engine_version=str(entry["engine_version"]), admin_secret=name)
        own = self._own("broker", entry["name"], username, password)
        return Broker(engine_version=str(entry["engine_version"]), admin_secret=own)

    def _own(self, kind: str, name: str, username: str, password: str) -> str:
        """Keep a login that no secret of the deployment holds, under a name that no secret of AWS can have."""
        self._secrets[key := f"{kind}:{name}"] = {"username": username, "password": password}
        return key

    def _gateway(self) -> Gateway | None:
        containers = self._task()
        if not containers:
            return None
        kong = containers[self._gateway_container or ""]
        beside = next((each for each in containers.values() if _ADMIN_URL in each["environment"]), None)
        configurator = None if beside is None else self._configurator(beside)
        declared = (beside or kong)["environment"].get(_CONFIGURATION) or self._value(kong, _KONGS_OWN)
        return Gateway(
            version=str(kong["image"]).rpartition(":")[2],
            declarative_config=self._redact(_declared(declared, str(kong["name"]))),
            settings={name: kong["environment"][name] for name in sorted(_SETTINGS & kong["environment"].keys())},
            configurator=configurator,
        )

    def _task(self) -> dict[str, Any]:
        """Return the containers of the service that is the gateway, by name."""
        found = [
            {container["name"]: container for container in service["containers"]}
            for service in self._resources["services"]
        ]
        tasks = [containers for containers in found if self._gateway_container in containers]
        return _only(tasks, "gateway") or {}

    def _configurator(self, container: Mapping[str, Any]) -> Configurator:
        environment = dict(container["environment"])
        script = _SCRIPT.search(" ".join(container["command"] or ()))
        if script is None or script["variable"] not in environment:
            raise PlanError(
                f'the container {container["name"]} runs {container["command"]}; run here is `python -c "$NAME"` with '
                "a variable NAME that holds the program"
            )
        path = f"containers/{container['name']}.py"
        self._files[path] = environment.pop(script["variable"])
        for given_here in (_CONFIGURATION, _ADMIN_URL, "AWS_REGION"):
            environment.pop(given_here, None)
        return Configurator(script=str(self._folder / path), environment=dict(sorted(environment.items())))

    def _value(self, container: Mapping[str, Any], name: str) -> str | None:
        """Return a variable's value; one from a secret is `ARN`, or `ARN:FIELD:STAGE:VERSION` with a field or without.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html; the version is
        the current one, which is what a deployment names.
        """
        if (given := container["environment"].get(name)) is not None or name not in container["secrets"]:
            return None if given is None else str(given)
        source = str(container["secrets"][name])
        for entry in self._resources["secrets"]:
            arn, _, key = source.partition(str(entry["arn"]))
            if arn == "" and key[:1] in ("", ":"):
                field = key[1:].partition(":")[0]
                whole = None if entry["value"] is None else str(entry["value"])
                return self._contents[str(entry["name"])].get(field) if field else whole
        return None

    def _redact(self, node: Any) -> Any:
        """Return a tree with a reference in place of each value that is the `key` of a secret."""
        keys = {content["key"]: name for name, content in self._secrets.items() if content.get("key")}
        if isinstance(node, dict):
            return {name: self._redact(value) for name, value in sorted(node.items())}
        if isinstance(node, list):
            return [self._redact(value) for value in node]
        return {"$secret": keys[node]} if isinstance(node, str) and node in keys else node


def _only(entries: Sequence[Any], kind: str) -> Any:
    if len(entries) > 1:
        raise PlanError(f"this machine runs one {kind}, and there are {len(entries)}")
    return entries[0] if entries else None


def schedule_of(entry: Mapping[str, Any]) -> Schedule:
    """Return a schedule as the plan has it. PlanError for one that this machine cannot run."""
    name, qualifier = _target(str(entry["target_arn"]))
    try:
        period_s(str(entry["expression"]))
    except ValueError as error:
        raise PlanError(f"the schedule {entry['name']}: {error}") from error
    return Schedule(
        name=str(entry["name"]),
        function=name,
        qualifier=qualifier,
        expression=str(entry["expression"]),
        input=_object(entry["input"] or "{}", f"the input of the schedule {entry['name']}"),
        enabled=entry["state"] == "ENABLED",
    )


def _target(arn: str) -> tuple[str, str | None]:
    """Return name and qualifier of a function by its ARN."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    if not name:
        raise PlanError(f"a schedule's target is {arn}; only functions are invoked here")
    return name, qualifier or None


def _declared(text: str | None, container: str) -> dict[str, Any]:
    if not text:
        raise PlanError(f"the container {container} has no configuration: give it {_KONGS_OWN}")
    return _object(text, f"the configuration of the container {container}")


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise PlanError(f"{what} is no JSON object")
    return content


def _fields(value: str | None) -> dict[str, str]:
    """Return the fields of a secret that is a JSON object and no configuration of Kong's; nothing for another one."""
    try:
        content = json.loads(value or "")
    except ValueError:
        return {}
    if not isinstance(content, dict) or "_format_version" in content:
        return {}
    return {name: str(field) for name, field in content.items()}
