"""Read a declarative configuration (`_format_version` 3.0 and its elders) into the entities the gateway works with.

All errors are reported at once, in the tree and the wording of `kong config parse`; one deliberate difference: a
message never holds an API key. References by name must exist in the file. Consumers get the same id in every run.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from localregion.kong.config import entities
from localregion.kong.config.configuration import (
    Configuration,
    Consumer,
    Credential,
    PluginConfiguration,
    Route,
    Service,
)
from localregion.kong.config.schema import NOT_SUPPORTED, ConfigurationError, Errors, check_record, render
from localregion.kong.plugin import PluginType
from localregion.kong.plugins import BUNDLED, SUPPORTED

_IDS = uuid.UUID("6d1f9f6e-3f0c-5b0a-9a55-0c9c2f7f5f10")


def read(path: Path) -> Configuration:
    """Read a YAML or JSON file. Raises ConfigurationError."""
    try:
        data = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise ConfigurationError(f"Failed parsing:\n{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        place = f"{error.problem_mark.line + 1}:{error.problem_mark.column + 1}: " if error.problem_mark else ""
        raise ConfigurationError(
            f"Failed parsing:\nfailed parsing declarative configuration: {place}{error.problem}"
        ) from error
    return parse(data)


def parse(data: Any) -> Configuration:
    """Return the entities of a configuration. Raises ConfigurationError that lists everything that is wrong."""
    if not isinstance(data, dict):
        raise ConfigurationError("Failed parsing:\nfailed parsing declarative configuration: expected an object")
    reader = _Reader()
    configuration, errors = reader.read(data)
    if errors:
        raise ConfigurationError(f"Failed parsing:\n{render(errors)}")
    return configuration


class _Reader:
    """Walks one configuration; used once."""

    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.routes: dict[str, Route] = {}
        self.consumers: dict[str, Consumer] = {}
        self.credentials: dict[str, Credential] = {}
        self.plugins: list[PluginConfiguration] = []
        # What is taken, so that ten thousand consumers are not compared with each other.
        self.consumer_names: set[tuple[str, str]] = set()
        self.plugin_scopes: set[tuple[str, tuple[str | None, str | None, str | None]]] = set()
        self.checked_configs: dict[tuple[str, str], tuple[dict[str, Any], Errors | str]] = {}
        # Kong names a key that is taken at the top of its tree, not under its consumer.
        self.taken_keys: Errors = {}
        # Kong looks at references once everything else is right.
        self.broken_references: Errors = {}

    def read(self, data: dict[str, Any]) -> tuple[Configuration, Errors]:
        values, checked = check_record(data, entities.ROOT_FIELDS)
        errors: Errors = dict(checked) if isinstance(checked, dict) else {}
        for name, read_entry in (
            ("services", self._service),
            ("routes", self._route),
            ("consumers", self._consumer),
            ("plugins", self._plugin),
        ):
            if name not in errors:
                self._entries(name, values[name], read_entry, errors)
        if self.taken_keys:
            errors["keyauth_credentials"] = self.taken_keys
        configuration = Configuration(
            routes=list(self.routes.values()),
            services=list(self.services.values()),
            consumers=list(self.consumers.values()),
            credentials=list(self.credentials.values()),
            plugins=self.plugins,
        )
        return configuration, errors or self.broken_references

    def _entries(self, name: str, entries: Any, read_entry: Callable[[Any], Errors | str], errors: Errors) -> None:
        found = {number: read_entry(entry) for number, entry in enumerate(entries, start=1)}
        found = {number: error for number, error in found.items() if error}
        if found:
            errors[name] = found

    def _service(self, entry: Any) -> Errors | str:
        values, errors = check_record(_with_url(entry), entities.SERVICE_FIELDS)
        if isinstance(errors, str):
            return errors
        name = values["name"]
        if name in self.services:
            return _taken("services", "name", name)
        service = Service(id=_id(values, "services", name, len(self.services)), name=name, path=values["path"])
        self.services[name or service.id] = service
        self._nested(values, errors, "routes", lambda route: self._route(route, service=service))
        self._nested(values, errors, "plugins", lambda plugin: self._plugin(plugin, service_id=service.id))
        return errors

    def _route(self, entry: Any, service: Service | None = None) -> Errors | str:
        values, errors = check_record(entry, entities.ROUTE_FIELDS)
        if isinstance(errors, str):
            return errors
        entities.route_rules(values, errors)
        name, reference = values["name"], values["service"]
        if name in self.routes:
            return _taken("routes", "name", name)
        if reference is not None and reference not in self.services and "service" not in errors:
            invalid = {1: _invalid_reference("service", reference, "services")}
            self.broken_references.setdefault("routes", {})[name or "unnamed"] = invalid
        route = Route(
            id=_id(values, "routes", name, len(self.routes)),
            name=name,
            paths=tuple(values["paths"]) if isinstance(values["paths"], list) else (),
            strip_path=values["strip_path"],
            regex_priority=values["regex_priority"],
            service=service or self.services.get(reference or ""),
            methods=frozenset(values["methods"] or ()) if "methods" not in errors else frozenset(),
        )
        self.routes[name or route.id] = route
        self._nested(values, errors, "plugins", lambda plugin: self._plugin(plugin, route_id=route.id))
        return errors

    def _consumer(self, entry: Any) -> Errors | str:
        values, errors = check_record(entry, entities.CONSUMER_FIELDS)
        if isinstance(errors, str):
            return errors
        entities.consumer_rules(values, errors)
        username, custom_id = values["username"], values["custom_id"]
        for name, value in (("username", username), ("custom_id", custom_id)):
            if (name, value) in self.consumer_names:
                return _taken("consumers", name, value)
        self.consumer_names |= {
            (name, value) for name, value in (("username", username), ("custom_id", custom_id)) if value is not None
        }
        consumer_id = _id(values, "consumers", username or custom_id, len(self.consumers))
        consumer = Consumer(id=consumer_id, username=username, custom_id=custom_id)
        self.consumers[username or consumer_id] = consumer
        positions = itertools.count(1)
        self._nested(
            values, errors, "keyauth_credentials", lambda key: self._credential(key, consumer, next(positions))
        )
        self._nested(values, errors, "plugins", lambda plugin: self._plugin(plugin, consumer_id=consumer_id))
        return errors

    def _credential(self, entry: Any, consumer: Consumer, position: int) -> Errors | str:
        values, errors = check_record(entry, entities.CREDENTIAL_FIELDS)
        if errors or isinstance(errors, str):
            return errors
        key = values["key"]
        if key in self.credentials:
            taken = f"this key, of consumer '{consumer.username or consumer.custom_id}', already declared"
            self.taken_keys[position] = f"uniqueness violation: 'keyauth_credentials' entity with {taken}"
            return errors
        # The id must not tell anything about the key.
        identifier = _id(values, "keyauth_credentials", None, len(self.credentials))
        self.credentials[key] = Credential(id=identifier, key=key, consumer=consumer)
        return errors

    def _plugin(self, entry: Any, **scope: str | None) -> Errors | str:
        values, errors = check_record(entry, entities.PLUGIN_FIELDS)
        if isinstance(errors, str):
            return errors
        name = values["name"]
        plugin = SUPPORTED.get(name) if isinstance(name, str) else None
        if plugin is None:
            return errors if "name" in errors else errors | {"name": _unknown_plugin(name)}
        config, config_errors = self._checked_config(plugin, values["config"])
        if config_errors:
            errors["config"] = config_errors
        elif plugin.rules and (broken := plugin.rules(config)):
            errors.update(broken)
        for kind, known in (("route", self.routes), ("service", self.services), ("consumer", self.consumers)):
            reference = values[kind]
            if reference is not None and kind not in errors:
                if reference not in known:
                    self._note_broken_reference(values, kind, reference)
                    continue
                scope[f"{kind}_id"] = known[reference].id
        configured = PluginConfiguration(name=name, config=config, **scope)
        if (name, configured.scope) in self.plugin_scopes:
            return _taken("plugins", "primary key", name)
        if values["enabled"] and not errors:
            self.plugin_scopes.add((name, configured.scope))
            self.plugins.append(configured)
        return errors

    def _checked_config(self, plugin: PluginType, config: Any) -> tuple[dict[str, Any], Errors | str]:
        """Thousands of consumers have a handful of limits: each is looked at once."""
        key = (plugin.name, repr(config))
        if key not in self.checked_configs:
            self.checked_configs[key] = check_record(config, plugin.fields)
        return self.checked_configs[key]

    def _note_broken_reference(self, plugin: dict[str, Any], kind: str, reference: str) -> None:
        """Kong names a plugin by its id, which it makes up when there is none."""
        name = plugin["instance_name"] or _id(plugin, "plugins", None, len(self.plugins))
        broken = self.broken_references.setdefault("plugins", {}).setdefault(name, {})
        broken[len(broken) + 1] = _invalid_reference(kind, reference, f"{kind}s")

    def _nested(
        self, values: dict[str, Any], errors: Errors, name: str, read_entry: Callable[[Any], Errors | str]
    ) -> None:
        if name not in errors:
            self._entries(name, values[name], read_entry, errors)


def _with_url(entry: Any) -> Any:
    """`url` is shorthand for protocol, host, port and path, and wins over none of them."""
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        return entry
    parts = urlsplit(entry["url"])
    shorthand = {"protocol": parts.scheme or None, "host": parts.hostname, "path": parts.path or None}
    return shorthand | {name: value for name, value in entry.items() if name != "url"}


def _id(values: dict[str, Any], kind: str, name: str | None, position: int) -> str:
    return values["id"] or str(uuid.uuid5(_IDS, f"{kind}/{name if name is not None else f'#{position}'}"))


def _taken(kind: str, name: str, value: str) -> str:
    return f"uniqueness violation: '{kind}' entity with {name} set to '{value}' already declared"


def _invalid_reference(kind: str, name: str, kinds: str) -> str:
    return f"invalid reference '{kind}: {name}' (no such entry in '{kinds}')"


def _unknown_plugin(name: str) -> str:
    if name in BUNDLED:
        return f"plugin '{name}' is {NOT_SUPPORTED}"
    return f"plugin '{name}' not enabled; add it to the 'plugins' configuration property"
