"""correlation-id: every request carries an id of its own or the client's, to the function and, if wanted, back.

A client's value is kept as it is. Refused: the generator `tracker`, which names nginx's workers and connections.
Protocol: https://docs.konghq.com/hub/kong-inc/correlation-id/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.exchange import Exchange, Response
from localregion.uuids import random_uuid

NAME = "correlation-id"
FIELDS = {
    "header_name": Field(kind="string", default="Kong-Request-ID"),
    "generator": Field(
        kind="string",
        default="uuid#counter",
        one_of=("uuid", "uuid#counter", "tracker"),
        only=("uuid", "uuid#counter"),
    ),
    "echo_downstream": Field(kind="boolean", default=False),
}


class CorrelationId:
    """One configuration of the plugin."""

    def __init__(self, *, header_name: str, generate: Callable[[], str]) -> None:
        self._header_name = header_name
        self._lower = header_name.lower()
        self._generate = generate

    async def access(self, exchange: Exchange) -> None:
        value = exchange.header(self._lower)
        if not value:
            value = self._generate()
            exchange.replace_headers({self._lower: value})
        exchange.plugin_context[NAME] = value

    def header_filter(self, exchange: Exchange, response: Response) -> None:
        value = exchange.plugin_context.get(NAME) or exchange.header(self._lower) or self._generate()
        response.set_header(self._header_name, value)


def _counting() -> Callable[[], str]:
    process, counter = uuid.uuid4(), itertools.count(1)
    return lambda: f"{process}#{next(counter)}"


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    config = configuration.config
    generate = random_uuid if config["generator"] == "uuid" else _counting()
    made = CorrelationId(header_name=config["header_name"], generate=generate)
    return Plugin(access=made.access, header_filter=made.header_filter if config["echo_downstream"] else None)


PLUGIN = PluginType(name=NAME, priority=100_001, fields=FIELDS, create=_create)
