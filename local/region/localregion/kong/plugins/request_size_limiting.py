"""request-size-limiting: a body that is too large is refused before anything is invoked, and is not read if it says so.

A body without a length (chunked) is read and counted; where one is required, only a chunked one may do without.
Protocol: https://docs.konghq.com/hub/kong-inc/request-size-limiting/, as recorded in `tests/events/kong/plugins.json`.
"""

from __future__ import annotations

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import Field
from localregion.kong.plugin import Plugin, PluginType, Surroundings
from localregion.kong.request.errors import error_response
from localregion.kong.request.exchange import Exchange, Response

_BYTES = {"megabytes": 2**20, "kilobytes": 2**10, "bytes": 1}
FIELDS = {
    "allowed_payload_size": Field(kind="integer", default=128),
    "size_unit": Field(kind="string", default="megabytes", one_of=tuple(_BYTES)),
    "require_content_length": Field(kind="boolean", default=False),
}


class RequestSizeLimiting:
    """One configuration of the plugin."""

    def __init__(self, *, max_bytes: int, require_content_length: bool) -> None:
        self._max_bytes = max_bytes
        self._require_content_length = require_content_length

    async def access(self, exchange: Exchange) -> Response | None:
        length = exchange.header("content-length")
        if length is not None and length.isdecimal():
            return self._refusal(exchange, int(length))
        if self._require_content_length and not exchange.header("transfer-encoding"):
            return error_response(exchange, 411, "A valid Content-Length header is required")
        return self._refusal(exchange, len(await exchange.body()))

    def _refusal(self, exchange: Exchange, size: int) -> Response | None:
        if size <= self._max_bytes:
            return None
        waiting = (exchange.header("expect") or "").strip().lower() == "100-continue"
        return error_response(exchange, 417 if waiting else 413, "Request size limit exceeded")


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    config = configuration.config
    made = RequestSizeLimiting(
        max_bytes=int(config["allowed_payload_size"]) * _BYTES[config["size_unit"]],
        require_content_length=config["require_content_length"],
    )
    return Plugin(access=made.access)


PLUGIN = PluginType(name="request-size-limiting", priority=951, fields=FIELDS, create=_create)
