"""Which plugins run for a request, in which order, with which of their configurations.

Order: Kong's priority, not the order of the file. Of one plugin exactly one configuration runs, the most specific;
configurations are not merged. A consumer's configurations count from the moment an earlier plugin authenticated it.
Once a plugin has answered, the later ones only see the response; on a request without a route only those see it that
are limited to nothing.
"""

from __future__ import annotations

import logging

from localregion.kong.config.configuration import Configuration, PluginConfiguration, Route
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.plugin import Plugin, Surroundings
from localregion.kong.plugins import SUPPORTED
from localregion.kong.request.body import BodyError
from localregion.kong.request.errors import UNEXPECTED, error_response, nginx_error
from localregion.kong.request.exchange import Exchange, Response

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


class PluginChain:
    """The plugins of one route: per plugin, each consumer's own configuration, and the one for all others."""

    def __init__(self, steps: list[dict[str | None, Plugin]]) -> None:
        self._steps = steps

    async def respond(self, exchange: Exchange) -> Response:
        """Run the access phase until a plugin answers, then every plugin's part in the response's headers."""
        response: Response | None = None
        chosen: list[Plugin] = []
        for by_consumer in self._steps:
            plugin = by_consumer.get(exchange.consumer.id if exchange.consumer else None) or by_consumer.get(None)
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
        chosen = [plugin for step in self._steps if (plugin := step.get(None)) is not None]
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
    made = {id(entry): SUPPORTED[entry.name].create(entry, surroundings) for entry in configuration.plugins}
    chains = {}
    for route in configuration.routes:
        steps = _steps(route, configuration)
        if not any(name == "aws-lambda" and None in chosen for name, chosen in steps.items()):
            raise ConfigurationError(
                f"route '{route.name or route.id}' has no aws-lambda plugin: "
                "proxying to a service is not supported by the embedded gateway"
            )
        chains[route.id] = PluginChain(
            [{consumer: made[id(entry)] for consumer, entry in chosen.items()} for chosen in steps.values()]
        )
    everywhere = [entry for entry in configuration.plugins if entry.scope == (None, None, None)]
    everywhere.sort(key=lambda entry: -SUPPORTED[entry.name].priority)
    return chains, PluginChain([{None: made[id(entry)]} for entry in everywhere])


def _steps(route: Route, configuration: Configuration) -> dict[str, dict[str | None, PluginConfiguration]]:
    consumers = {entry.consumer_id for entry in configuration.plugins} | {None}
    steps: dict[str, dict[str | None, PluginConfiguration]] = {}
    for name in sorted(SUPPORTED, key=lambda name: -SUPPORTED[name].priority):
        entries = {entry.scope: entry for entry in configuration.plugins if entry.name == name}
        chosen = {consumer: most_specific(entries, route=route, consumer_id=consumer) for consumer in consumers}
        steps[name] = {consumer: entry for consumer, entry in chosen.items() if entry is not None}
    return {name: chosen for name, chosen in steps.items() if chosen}


def most_specific(
    entries: dict[tuple[str | None, str | None, str | None], PluginConfiguration],
    *,
    route: Route,
    consumer_id: str | None,
) -> PluginConfiguration | None:
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
