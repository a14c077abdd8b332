"""The entities of a configuration that has been read: valid, with every reference in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Consumer, route and service, by their ids; None means all.
Scope = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, kw_only=True)
class Service:
    id: str
    name: str | None
    path: str | None


@dataclass(frozen=True, kw_only=True)
class Route:
    id: str
    name: str | None
    paths: tuple[str, ...]
    strip_path: bool
    regex_priority: int
    service: Service | None
    # Empty: any method.
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    id: str
    username: str | None
    custom_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    id: str
    key: str = field(repr=False)
    consumer: Consumer


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginConfiguration:
    """One configured plugin and what it is limited to; None means all."""

    name: str
    config: dict[str, Any] = field(repr=False)
    route_id: str | None = None
    service_id: str | None = None
    consumer_id: str | None = None

    @property
    def scope(self) -> Scope:
        return self.consumer_id, self.route_id, self.service_id


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The whole configuration; `plugins` has the enabled ones only."""

    routes: list[Route]
    services: list[Service]
    consumers: list[Consumer]
    credentials: list[Credential]
    plugins: list[PluginConfiguration]
