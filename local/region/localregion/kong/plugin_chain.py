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

from localregion.kong.config.configuration import Configuration, Route, Scope
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.plugin import Plugin, Surroundings
from localregion.kong.plugins import SUPPORTED
from localregion.kong.request.body import BodyError
from localregion.kong.request.errors import UNEXPECTED, error_response, nginx_error
from localregion.kong.request.exchange import Exchange, Response

T = TypeVar("T")

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One plugin on one route: what runs for a consumer is the first that has it, else `default`, if there is one.

    `of_consumers` are the configurations that name a consumer and nothing else: all routes share them.
    """

    here: Mapping[str, Plugin]
    of_consumers: Mapping[str, Plugin]
    default: Plugin | None

    def plugin(self, consumer_id: str) -> Plugin | None:
        """Return what runs for a consumer."""
        return self.here.get(consumer_id) or self.of_consumers.get(consumer_id) or self.default


class PluginChain:
    """The plugins of one route, in their order."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    async def respond(self, exchange: Exchange) -> Response:
        """Run the access phase until a plugin answers, then every plugin's part in the response's headers."""
        response: Response | None = None
        chosen: list[Plugin] = []
        for step in self._steps:
            consumer = exchange.consumer
            plugin = step.default if consumer is None else step.plugin(consumer.id)
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
        chosen = [plugin for step in self._steps if (plugin := step.default) is not None]
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
    entries = made_entries(configuration, surroundings)
    chains = {}
    for route in configuration.routes:
        steps = {name: entries[name].step(route) for name in entries}
        if "aws-lambda" not in steps or steps["aws-lambda"].default is None:
            raise ConfigurationError(
                f"route '{route.name or route.id}' has no aws-lambda plugin: "
                "proxying to a service is not supported by the embedded gateway"
            )
        chains[route.id] = PluginChain(
            [step for step in steps.values() if step.default or step.here or step.of_consumers]
        )
    everywhere = [made.by_scope[None, None, None] for made in entries.values() if (None, None, None) in made.by_scope]
    return chains, PluginChain([Step(here={}, of_consumers={}, default=plugin) for plugin in everywhere])


class Entries:
    """All configurations of one plugin."""

    def __init__(self) -> None:
        self.by_scope: dict[Scope, Plugin] = {}
        # Of those that name a consumer: its id by what else they name.
        self._consumers: dict[tuple[str | None, str | None], set[str]] = {}
        self._of_consumers: dict[str, Plugin] = {}

    def add(self, scope: Scope, plugin: Plugin) -> None:
        self.by_scope[scope] = plugin
        consumer_id, *place = scope
        if consumer_id is None:
            return
        if place == [None, None]:
            self._of_consumers[consumer_id] = plugin
        else:
            self._consumers.setdefault((scope[1], scope[2]), set()).add(consumer_id)

    def step(self, route: Route) -> Step:
        service_id = route.service.id if route.service else None
        places = {(route.id, service_id), (route.id, None), (None, service_id)}
        named_here = set().union(*(self._consumers.get(place, ()) for place in places))
        here = {each: most_specific(self.by_scope, route=route, consumer_id=each) for each in named_here}
        # As recorded: a configuration that names route and service is more specific than one that names a consumer.
        is_outranked = service_id is not None and (None, route.id, service_id) in self.by_scope
        return Step(
            here={consumer_id: plugin for consumer_id, plugin in here.items() if plugin is not None},
            of_consumers={} if is_outranked else self._of_consumers,
            default=most_specific(self.by_scope, route=route, consumer_id=None),
        )


def made_entries(configuration: Configuration, surroundings: Surroundings) -> dict[str, Entries]:
    """Return the plugins by their names, in the order in which they run.

    What differs in nothing but its consumer is one plugin: ten thousand consumers have a handful of limits.
    """
    entries = {name: Entries() for name in sorted(SUPPORTED, key=lambda name: -SUPPORTED[name].priority)}
    shared: dict[tuple[str, int, str | None, str | None], Plugin] = {}
    for entry in configuration.plugins:
        alike = (entry.name, id(entry.config), entry.route_id, entry.service_id)
        if alike not in shared:
            shared[alike] = SUPPORTED[entry.name].create(entry, surroundings)
        entries[entry.name].add(entry.scope, shared[alike])
    return entries


def most_specific(entries: Mapping[Scope, T], *, route: Route, consumer_id: str | None) -> T | None:
    """Return the configuration that applies, of those of one plugin by their scope."""
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
