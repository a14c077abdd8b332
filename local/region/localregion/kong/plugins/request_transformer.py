"""request-transformer: change the request's headers before the function sees them.

It runs after key-auth and before aws-lambda, so it is what takes a forged identity off a request on a route without
key-auth; Host stays. Refused: changes of body, query, path and method.
Protocol: https://docs.konghq.com/hub/kong-inc/request-transformer/, as recorded in `aws_lambda_requests.json`.
"""

from __future__ import annotations

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.exchange import Exchange
from localregion.kong.request.header_changes import ACTIONS, HeaderChanges, Headers, template_errors, texts


def _action(name: str) -> Field:
    fields = {
        place: texts(refused=place != "headers", pairs=name != "remove" and place == "headers")
        for place in ("body", "headers", "querystring")
    }
    if name == "replace":
        fields["uri"] = Field(kind="string", refused=True)
    return Field(kind="record", fields=fields)


FIELDS = {"http_method": Field(kind="string", refused=True)} | {name: _action(name) for name in ACTIONS}


class RequestTransformer:
    """One configuration of the plugin."""

    def __init__(self, changes: HeaderChanges) -> None:
        self._changes = changes

    async def access(self, exchange: Exchange) -> None:
        hosts = [header for header in exchange.headers if header[0] == "host"]
        others: Headers = [header for header in exchange.headers if header[0] != "host"]
        changed = self._changes.apply(others)
        # For parity: Kong sets every header anew, and sets a space where there is no value.
        exchange.headers = hosts + [
            (lower, value or " ") for name, value in changed if (lower := name.lower()) != "host"
        ]


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    return Plugin(access=RequestTransformer(HeaderChanges(configuration.config)).access)


PLUGIN = PluginType(name="request-transformer", priority=801, fields=FIELDS, create=_create, rules=template_errors)
