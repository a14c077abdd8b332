"""Which plugins run for a request, in which order, with which of their configurations.

Order: Kong's priority, not the order of the file. Of one plugin exactly one configuration runs, the most specific;
configurations are not merged. A consumer's configurations count from the moment an earlier plugin authenticated it.
Once a plugin has answered, the later ones only see the response; on a request without a route only those see it that
are limited to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from localregion.kong.config.configuration import Configuration, Route
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.plugin import Plugin, Surroundings
from localregion.kong.plugins import SUPPORTED
from localregion.kong.request.body import BodyError
from localregion.kong.request.errors import UNEXPECTED, error_response, nginx_error
from localregion.kong.request.exchange import Exchange, Response

T = TypeVar("T")
# Consumer, route and service; None for all.
Scope = tuple[str | None, str | None, str | None]
_LOG = logging.getLogger("gateway")

# Most specific first, as recorded: whether consumer, route and service must be named.
_PRECEDENCE = (
    (True, True, True),
    (True, True, False),
    (True, False, True),
    (False, True, True),
    (True, False, False),
    (False, True, False),
    (False, False, True),
    (False, False, False),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One plugin on one route: consumers' own configurations by their ids, and the one of everybody else."""

    by_consumer: Mapping[str, Plugin]
    otherwise: Plugin | None


class PluginChain:
    """The plugins of one route, by priority."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    async def respond(self, exchange: Exchange) -> Response:
        """Run the access phase until a plugin answers, then every plugin's part in the response's headers."""
        response: Response | None = None
        chosen: list[Plugin] = []
        for step in self._steps:
            own = step.by_consumer.get(exchange.consumer.id) if exchange.consumer else None
            plugin = own or step.otherwise
            if plugin is None:
                continue
            chosen.append(plugin)
            if plugin.log is not None:
                exchange.log_phases.append(plugin.log)
            if response is not None or plugin.access is None:
                continue
            try:
                response = await plugin.access(exchange)
            except ConnectionError:
                raise
            except BodyError as error:
                response = nginx_error(exchange, error.status, error.message)
            except Exception:
                _LOG.exception("unexpected error, request_id: %s", exchange.request_id)
                response = error_response(exchange, 500, UNEXPECTED)
        response = response or error_response(exchange, 500, UNEXPECTED)
        _filter_headers(exchange, response, chosen)
        return response

    def filter_headers(self, exchange: Exchange, response: Response) -> None:
        """Run the plugins that are not limited to a consumer on a response that came from none of them."""
        chosen = [step.otherwise for step in self._steps if step.otherwise is not None]
        exchange.log_phases += [plugin.log for plugin in chosen if plugin.log is not None]
        _filter_headers(exchange, response, chosen)


def log(exchange: Exchange, response: Response) -> None:
    """Run the log phase, which changes nothing any more."""
    for log_phase in exchange.log_phases:
        log_phase(exchange, response)


def _filter_headers(exchange: Exchange, response: Response, plugins: list[Plugin]) -> None:
    if exchange.response_headers:
        answered = {name.lower() for name, _ in response.headers}
        wanted = exchange.response_headers.items()
        response.headers += [header for header in wanted if header[0].lower() not in answered]
    for plugin in plugins:
        if plugin.header_filter is not None:
            plugin.header_filter(exchange, response)


def plugin_chains(
    configuration: Configuration, surroundings: Surroundings
) -> tuple[dict[str, PluginChain], PluginChain]:
    """Return each route's chain by the route's id, and the one of requests without a route.

    Raises ConfigurationError for a route that nothing answers.
    """
    by_plugin: dict[str, dict[Scope, Plugin]] = {}
    for entry in configuration.plugins:
        made = SUPPORTED[entry.name].create(entry, surroundings)
        by_plugin.setdefault(entry.name, {})[entry.scope] = made
    plugins = [_Configured(by_plugin[name]) for name in sorted(by_plugin, key=lambda name: -SUPPORTED[name].priority)]
    answers = by_plugin.get("aws-lambda", {})
    chains = {}
    for route in configuration.routes:
        if most_specific(answers, route=route, consumer_id=None) is None:
            raise ConfigurationError(
                f"route '{route.name or route.id}' has no aws-lambda plugin: "
                "proxying to a service is not supported by the embedded gateway"
            )
        chains[route.id] = PluginChain([plugin.on(route) for plugin in plugins])
    everywhere = [Step({}, plugin.everywhere) for plugin in plugins if plugin.everywhere is not None]
    return chains, PluginChain(everywhere)


class _Configured:
    """All configurations of one plugin, by what they are limited to."""

    def __init__(self, entries: Mapping[Scope, Plugin]) -> None:
        self._entries = entries
        self.everywhere = entries.get((None, None, None))
        self._consumers = {consumer_id for consumer_id, _, _ in entries if consumer_id is not None}
        # One mapping for all routes: a consumer's own configuration mostly is for every route.
        self._on_every_route = {
            consumer_id: plugin
            for (consumer_id, route_id, service_id), plugin in entries.items()
            if consumer_id is not None and route_id is None and service_id is None
        }
        self._has_others = len(self._on_every_route) < sum(scope[0] is not None for scope in entries)

    def on(self, route: Route) -> Step:
        otherwise = most_specific(self._entries, route=route, consumer_id=None)
        service_id = route.service.id if route.service else None
        # Only one for this route and its service together is more specific than one for a consumer.
        if self._has_others or (service_id is not None and (None, route.id, service_id) in self._entries):
            own = {each: most_specific(self._entries, route=route, consumer_id=each) for each in self._consumers}
            return Step({each: plugin for each, plugin in own.items() if plugin is not None}, otherwise)
        return Step(self._on_every_route, otherwise)


def most_specific(entries: Mapping[Scope, T], *, route: Route, consumer_id: str | None) -> T | None:
    """Return what applies, of one plugin's by their scopes."""
    service_id = route.service.id if route.service else None
    for by_consumer, by_route, by_service in _PRECEDENCE:
        if (by_consumer and consumer_id is None) or (by_service and service_id is None):
            continue
        scope = (
            consumer_id if by_consumer else None,
            route.id if by_route else None,
            service_id if by_service else None,
        )
        if scope in entries:
            return entries[scope]
    return None
