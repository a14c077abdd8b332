"""rate-limiting: so many requests a second, minute, ...; one more is a 429 that says when to come back.

Counters are in this process's memory (policy `local`), as they are in one Kong node's. They belong to the route and
the service that the configuration is limited to: one that names only a consumer counts all routes together.
A refused request is not counted. Refused here: the policy `redis`, and counting by service, header or path.
Protocol: https://docs.konghq.com/hub/kong-inc/rate-limiting/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

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


class Window(NamedTuple):
    """One window's limit, and what its headers have in common for all requests."""

    name: str
    limit: float
    length_s: int
    limit_text: str
    limit_header: str
    remaining_header: str


def _window(name: str, limit: float) -> Window:
    title = name.capitalize()
    return Window(
        name, limit, SECONDS[name], f"{limit:.14g}", f"X-RateLimit-Limit-{title}", f"X-RateLimit-Remaining-{title}"
    )


# Each window with what was left of it before this request.
Usage = list[tuple[Window, float]]


class RateLimiting:
    """One configuration of the plugin."""

    def __init__(self, configuration: PluginConfiguration, surroundings: Surroundings) -> None:
        config = configuration.config
        self._config = config
        self._windows = [_window(name, config[name]) for name in SECONDS if config[name] is not None]
        self._scope = (configuration.route_id, configuration.service_id)
        self._identifier = _IDENTIFIERS[config["limit_by"]]
        self._counters = surroundings.counters
        self._clock = surroundings.clock

    async def access(self, exchange: Exchange) -> Response | None:
        now = int(self._clock())
        key: Hashable = (*self._scope, self._identifier(exchange) or exchange.peer)
        usage = [(window, window.limit - self._counters.count(key, window.name, now)) for window in self._windows]
        is_stopping = any(left <= 0 for _, left in usage)
        headers = {} if self._config["hide_client_headers"] else _headers(usage, now, is_stopping=is_stopping)
        exchange.response_headers.update(headers)
        if is_stopping:
            again = (("Retry-After", headers["RateLimit-Reset"]),) if headers else ()
            status = int(self._config["error_code"])
            return error_response(exchange, status, self._config["error_message"], headers=again)
        for window in self._windows:
            self._counters.increment(key, window.name, now)
        return None


def _headers(usage: Usage, now: int, *, is_stopping: bool) -> dict[str, str]:
    """Return each window's headers, and the general ones of the window that is exhausted first."""
    headers = {}
    tightest: tuple[float, int] | None = None
    for window, left in usage:
        remaining = max(0, left - 1 if not is_stopping or left <= 0 else left)
        headers[window.limit_header] = window.limit_text
        headers[window.remaining_header] = remaining_text = f"{remaining:.14g}"
        if tightest is None or (remaining, -window.length_s) < tightest:
            tightest = (remaining, -window.length_s)
            headers["RateLimit-Limit"] = window.limit_text
            headers["RateLimit-Remaining"] = remaining_text
            headers["RateLimit-Reset"] = str(max(1, window.length_s - (now - window_start(window.name, now))))
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
