"""cors: what browsers of other origins may send and read; a preflight is answered here and reaches no other plugin.

An origin is compared as Kong compares it. A single plain origin is returned to all clients; of several, the one that
matches. An entry with other characters is a regular expression, anchored at its end.
Protocol: https://docs.konghq.com/hub/kong-inc/cors/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Errors, Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.exchange import Exchange, Response

NAME = "cors"
_METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[A-Za-z0-9.:/-]+")
_TEXTS = Field(kind="array", elements=Field(kind="string"))
FIELDS = {
    "origins": _TEXTS,
    "headers": _TEXTS,
    "exposed_headers": _TEXTS,
    "methods": Field(kind="array", default=list(_METHODS), elements=Field(kind="string", one_of=_METHODS)),
    "max_age": Field(kind="number"),
    "credentials": Field(kind="boolean", default=False),
    "private_network": Field(kind="boolean", default=False),
    "preflight_continue": Field(kind="boolean", default=False),
}


def _rules(config: dict[str, Any]) -> Errors:
    broken: Errors = {}
    for number, origin in enumerate(config["origins"] or (), start=1):
        if origin == "*" or _PLAIN.fullmatch(origin):
            continue
        try:
            re.compile(origin)
        except re.error as error:
            broken[number] = f"'{origin}' is not a valid regex: {error}"
    return {"config": {"origins": broken}} if broken else {}


class Cors:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._origins = [(origin, _matcher(origin)) for origin in config["origins"] or ()]

    async def access(self, exchange: Exchange) -> Response | None:
        origin = exchange.header("origin")
        if exchange.method != "OPTIONS" or not origin or not exchange.header("access-control-request-method"):
            return None
        exchange.plugin_context[NAME] = "preflight"
        return None if self._config["preflight_continue"] else self._preflight(exchange, origin)

    def header_filter(self, exchange: Exchange, response: Response) -> None:
        if NAME in exchange.plugin_context:
            return
        self._allow_origin(response, exchange.header("origin"))
        if self._config["exposed_headers"]:
            response.set_header("Access-Control-Expose-Headers", ",".join(self._config["exposed_headers"]))

    def _preflight(self, exchange: Exchange, origin: str) -> Response:
        config, response = self._config, Response(200, [], b"")
        self._allow_origin(response, origin)
        headers = ",".join(config["headers"] or ()) or exchange.header("access-control-request-headers")
        if headers:
            response.set_header("Access-Control-Allow-Headers", headers)
        response.set_header("Access-Control-Allow-Methods", ",".join(config["methods"]))
        if config["max_age"] is not None:
            response.set_header("Access-Control-Max-Age", f"{config['max_age']:.14g}")
        if config["private_network"] and exchange.header("access-control-request-private-network") == "true":
            response.set_header("Access-Control-Allow-Private-Network", "true")
        return response

    def _allow_origin(self, response: Response, origin: str | None) -> None:
        allowed = self._allowed(origin)
        varies = allowed != "*"
        if allowed == "*" and self._config["credentials"]:
            # `*` allows no credentials, so the origin is named; without one no origin can be allowed anything.
            if origin is None:
                response.set_header("Access-Control-Allow-Origin", "*")
                return
            allowed, varies = origin, True
        if varies:
            response.headers.append(("vary", "Origin"))
        if allowed is None:
            response.remove_header("Access-Control-Allow-Origin")
        else:
            response.set_header("Access-Control-Allow-Origin", allowed)
        if self._config["credentials"]:
            response.set_header("Access-Control-Allow-Credentials", "true")

    def _allowed(self, origin: str | None) -> str | None:
        """Return the origin that is allowed, `*` for all; None for none."""
        if not self._origins:
            return "*"
        only: str = self._origins[0][0]
        if len(self._origins) == 1 and (only == "*" or _PLAIN.fullmatch(only)):
            return only
        if origin is None:
            return None
        if any(entry == "*" for entry, _ in self._origins):
            return "*"
        name, host = _normal(origin)
        return name if any(matches(name, host) for _, matches in self._origins) else None


def _matcher(entry: str) -> Callable[[str, str], bool]:
    if _PLAIN.fullmatch(entry):
        plain, _ = _normal(entry)
        return lambda name, _host: name == plain
    if entry == "*":
        return lambda _name, _host: True
    # For parity: without a colon an expression is matched against the host alone.
    expression = re.compile(entry.removeprefix("^").removesuffix("$") + r"\Z")
    return lambda name, host: bool(expression.match(host if ":" not in entry else name))


def _normal(origin: str) -> tuple[str, str]:
    """Return an origin without a port that its scheme implies, and its host."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return origin, origin
    if not parts.hostname:
        return origin, origin
    host = parts.netloc.rpartition("@")[2].rpartition(":")[0] if port is not None else parts.netloc
    shown = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{host}{shown}" if parts.scheme else host, host


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    made = Cors(configuration.config)
    return Plugin(access=made.access, header_filter=made.header_filter)


PLUGIN = PluginType(name=NAME, priority=2000, fields=FIELDS, create=_create, rules=_rules)
