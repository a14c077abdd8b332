"""key-auth: only a request with the key of a known consumer passes, and it passes as that consumer.

The identity headers that the function reads are set here and nowhere else. What the client sent under their names is
removed first. Refused: keys in the body, an anonymous consumer.
Protocol: https://docs.konghq.com/hub/kong-inc/key-auth/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localregion.kong.config.configuration import Credential, PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.errors import error_response
from localregion.kong.request.exchange import Exchange, Response

FIELDS = {
    "key_names": Field(kind="array", default=["apikey"], elements=Field(kind="string")),
    "hide_credentials": Field(kind="boolean", default=False),
    "anonymous": Field(kind="string", refused=True),
    "key_in_header": Field(kind="boolean", default=True),
    "key_in_query": Field(kind="boolean", default=True),
    "key_in_body": Field(kind="boolean", default=False, only=(False,)),
    "run_on_preflight": Field(kind="boolean", default=True),
    "realm": Field(kind="string"),
}


class DuplicateKeyError(Exception):
    """The request has the same credential twice."""


class KeyAuth:
    """One configuration of the plugin."""

    def __init__(self, config: dict[str, Any], credentials: Mapping[str, Credential]) -> None:
        self._credentials = credentials
        self._names = [(name, name.lower()) for name in config["key_names"]]
        self._in_header = config["key_in_header"]
        self._in_query = config["key_in_query"]
        self._hide = config["hide_credentials"]
        self._run_on_preflight = config["run_on_preflight"]
        realm = config["realm"]
        self._challenge = (("WWW-Authenticate", f'Key realm="{realm}"' if realm else "Key"),)

    async def access(self, exchange: Exchange) -> Response | None:
        if exchange.method == "OPTIONS" and not self._run_on_preflight:
            return None
        try:
            key = self._key(exchange)
        except DuplicateKeyError:
            return error_response(exchange, 401, "Duplicate API key found", headers=self._challenge)
        if not key:
            return error_response(exchange, 401, "No API key found in request", headers=self._challenge)
        credential = self._credentials.get(key)
        if credential is None:
            return error_response(exchange, 401, "Unauthorized", headers=self._challenge)
        _identify(exchange, credential)
        return None

    def _key(self, exchange: Exchange) -> str | None:
        """Return the key that the first of the names has, in the header before the query."""
        for name, header in self._names:
            values: list[str] | list[str | bool] = exchange.header_values(header) if self._in_header else []
            if values and self._hide:
                exchange.replace_headers({header: None})
            # For parity: a key in the query stays in the event even when credentials are to be hidden.
            if not values and self._in_query:
                values = exchange.query.get(name, [])
            if len(values) > 1:
                raise DuplicateKeyError
            # An argument without `=` is no key.
            if values and isinstance(values[0], str):
                return values[0].encode("latin-1").decode(errors="surrogateescape")
        return None


def _identify(exchange: Exchange, credential: Credential) -> None:
    exchange.credential = credential
    consumer = exchange.consumer = credential.consumer
    exchange.replace_headers(
        {
            "x-consumer-id": consumer.id,
            "x-consumer-custom-id": _as_bytes(consumer.custom_id),
            "x-consumer-username": _as_bytes(consumer.username),
            "x-credential-identifier": credential.id,
            "x-anonymous-consumer": None,
        }
    )


def _as_bytes(text: str | None) -> str | None:
    return text.encode().decode("latin-1") if text is not None else None


def _create(configuration: PluginConfiguration, surroundings: Surroundings) -> Plugin:
    return Plugin(access=KeyAuth(configuration.config, surroundings.credentials).access)


PLUGIN = PluginType(name="key-auth", priority=1250, fields=FIELDS, create=_create)
