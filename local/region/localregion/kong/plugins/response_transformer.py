"""response-transformer: change the headers of every response of a route, a plugin's included.

It keeps the Invoke API's own headers from clients. Refused: changes of a JSON body.
Protocol: https://docs.konghq.com/hub/kong-inc/response-transformer/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.header_changes import ACTIONS, HeaderChanges, template_errors, texts

_TYPES = ("boolean", "number", "string")


def _action(name: str) -> Field:
    pairs = name != "remove"
    fields = {"json": texts(refused=True, pairs=pairs), "headers": texts(pairs=pairs)}
    if name in ("replace", "add", "append"):
        fields["json_types"] = texts(refused=True, one_of=_TYPES)
    return Field(kind="record", fields=fields)


FIELDS = {name: _action(name) for name in ACTIONS}


class ResponseTransformer:
    """One configuration of the plugin."""

    def __init__(self, changes: HeaderChanges) -> None:
        self._changes = changes

    def header_filter(self, _exchange: Exchange, response: Response) -> None:
        response.headers = self._changes.apply(response.headers)


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    return Plugin(header_filter=ResponseTransformer(HeaderChanges(configuration.config)).header_filter)


PLUGIN = PluginType(name="response-transformer", priority=800, fields=FIELDS, create=_create, rules=template_errors)
