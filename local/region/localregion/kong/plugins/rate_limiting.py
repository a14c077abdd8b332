"""rate-limiting: so many requests a second, minute, ...; one more is a 429 that says when to come back.

Counters are in this process's memory (policy `local`), as they are in one Kong node's. They belong to the route and
the service that the configuration is limited to: one that names only a consumer counts all routes together.
A refused request is not counted. Refused here: the policy `redis`, and counting by service, header or path.
Protocol: https://docs.konghq.com/hub/kong-inc/rate-limiting/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import NOT_SUPPORTED, Errors, Field, above_zero
from localregion.kong.counters import SECONDS, window_start
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.errors import error_response
from localregion.kong.request.exchange import Exchange, Response

_POSITIVE = Field(kind="number", check=above_zero)
_BY = ("consumer", "credential", "ip", "service", "header", "path")
_REDIS = {
    "host": Field(kind="string"),
    "port": Field(kind="integer", default=6379, between=(0, 65535)),
    "timeout": Field(kind="integer", default=2000, between=(0, 2147483646)),
    "username": Field(kind="string"),
    "password": Field(kind="string"),
    "database": Field(kind="integer", default=0),
    "ssl": Field(kind="boolean", default=False),
    "ssl_verify": Field(kind="boolean", default=False),
    "server_name": Field(kind="string"),
}
FIELDS = dict.fromkeys(SECONDS, _POSITIVE) | {
    "limit_by": Field(kind="string", default="consumer", one_of=_BY, only=("consumer", "credential", "ip")),
    "header_name": Field(kind="string", refused=True),
    "path": Field(kind="string", refused=True),
    "policy": Field(kind="string", default="local", one_of=("local", "redis")),
    "fault_tolerant": Field(kind="boolean", default=True),
    "redis": Field(kind="record", fields=_REDIS),
    "hide_client_headers": Field(kind="boolean", default=False),
    "error_code": Field(kind="number", default=429, check=above_zero),
    "error_message": Field(kind="string", default="API rate limit exceeded"),
    "sync_rate": Field(kind="number", default=-1, only=(-1,)),
}


def _rules(config: dict[str, Any]) -> Errors:
    """Kong's rules first, then what is not supported."""
    windows = [window for window in SECONDS if config[window] is not None]
    if not windows:
        names = ", ".join(f"'config.{window}'" for window in SECONDS)
        return {"@entity": {1: f"at least one of these fields must be non-empty: {names}"}}
    for shorter, longer in itertools.pairwise(windows):
        low, high = config[longer], config[shorter]
        if low < high:
            limits = f"{longer}({low:.1f}) cannot be lower than the limit for {shorter}({high:.1f})"
            return {"config": f"The limit for {limits}"}
    if config["policy"] != "redis":
        return {}
    if config["redis"]["host"] is None:
        failed = "failed conditional validation given value of field 'config.policy'"
        return {"config": {"redis": {"host": "required field missing"}}, "@entity": {1: failed}}
    return {"config": {"policy": f"redis is {NOT_SUPPORTED}"}}


@dataclass(frozen=True, slots=True)
class Usage:
    """One window's limit and what is left of it, before this request."""

    window: str
    limit: float
    remaining: float


class RateLimiting:
    """One configuration of the plugin."""

    def __init__(self, configuration: PluginConfiguration, surroundings: Surroundings) -> None:
        config = configuration.config
        self._config = config
        self._limits = [(window, config[window]) for window in SECONDS if config[window] is not None]
        self._scope = (configuration.route_id, configuration.service_id)
        self._identifier = _IDENTIFIERS[config["limit_by"]]
        self._counters = surroundings.counters
        self._clock = surroundings.clock

    async def access(self, exchange: Exchange) -> Response | None:
        now = int(self._clock())
        key: Hashable = (*self._scope, self._identifier(exchange) or exchange.peer)
        usage = [Usage(window, limit, limit - self._counters.count(key, window, now)) for window, limit in self._limits]
        stopping = {entry.window for entry in usage if entry.remaining <= 0}
        headers = {} if self._config["hide_client_headers"] else _headers(usage, stopping, now)
        exchange.response_headers.update(headers)
        if stopping:
            again = (("Retry-After", headers["RateLimit-Reset"]),) if headers else ()
            status = int(self._config["error_code"])
            return error_response(exchange, status, self._config["error_message"], headers=again)
        for window, _ in self._limits:
            self._counters.increment(key, window, now)
        return None


def _headers(usage: list[Usage], stopping: set[str], now: int) -> dict[str, str]:
    """Return each window's headers, and the general ones of the window that is exhausted first."""
    headers = {}
    tightest: tuple[float, int] | None = None
    for entry in usage:
        remaining = entry.remaining - 1 if not stopping or entry.window in stopping else entry.remaining
        remaining = max(0, remaining)
        title = entry.window.capitalize()
        headers[f"X-RateLimit-Limit-{title}"] = f"{entry.limit:.14g}"
        headers[f"X-RateLimit-Remaining-{title}"] = f"{remaining:.14g}"
        length = SECONDS[entry.window]
        if tightest is None or (remaining, -length) < tightest:
            tightest = (remaining, -length)
            headers["RateLimit-Limit"] = f"{entry.limit:.14g}"
            headers["RateLimit-Remaining"] = f"{remaining:.14g}"
            headers["RateLimit-Reset"] = str(max(1, length - (now - window_start(entry.window, now))))
    return headers


def _by_credential(exchange: Exchange) -> str | None:
    return exchange.credential.id if exchange.credential else None


_IDENTIFIERS: dict[str, Callable[[Exchange], str | None]] = {
    "consumer": lambda exchange: exchange.consumer.id if exchange.consumer else _by_credential(exchange),
    "credential": _by_credential,
    "ip": lambda _exchange: None,
}


def _create(configuration: PluginConfiguration, surroundings: Surroundings) -> Plugin:
    return Plugin(access=RateLimiting(configuration, surroundings).access)


PLUGIN = PluginType(name="rate-limiting", priority=910, fields=FIELDS, create=_create, rules=_rules)
