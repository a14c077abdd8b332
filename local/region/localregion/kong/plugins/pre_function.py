"""pre-function: Lua that runs before every other plugin, for what no plugin of Kong's open-source edition does.

This gateway runs no Lua: it has a form of its own for each piece of Lua that it knows, byte for byte, and refuses any
other. Known are `refuse_other_than_utf8.lua` and `hash_key.lua`.
Protocol: https://docs.konghq.com/hub/kong-inc/pre-function/;
its schema is that of Kong's source, for want of a recording.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from localregion.kong.config.configuration import PluginConfiguration
from localregion.kong.config.schema import NOT_SUPPORTED, Field
from localregion.kong.plugin import Access, Plugin, PluginType, Surroundings
from localregion.kong.request.errors import error_response
from localregion.kong.request.exchange import HEADERS_MAX, Exchange, Response
from localregion.kong.request.path import is_utf8
from localregion.kong.request.query import unescape

KEY_HEADER = "apikey"
REFUSED = "Path, query and headers must be UTF-8"


async def _refuse_other_than_utf8(exchange: Exchange) -> Response | None:
    texts = [unescape(exchange.path), unescape(exchange.query_string)]
    texts += [value for _, value in exchange.headers[:HEADERS_MAX]]
    is_good = "".join(texts).isascii() or all(map(is_utf8, texts))
    return None if is_good else error_response(exchange, 400, REFUSED)


async def _hash_key(exchange: Exchange) -> Response | None:
    keys = exchange.header_values(KEY_HEADER)
    if not keys:
        exchange.replace_headers({KEY_HEADER: None})
    elif len(keys) == 1 and keys[0]:
        exchange.rewrite_header(KEY_HEADER, hashlib.sha256(keys[0].encode("latin-1")).hexdigest())
    return None


_KNOWN: dict[str, Access] = {
    Path(__file__).with_name("refuse_other_than_utf8.lua").read_text(): _refuse_other_than_utf8,
    Path(__file__).with_name("hash_key.lua").read_text(): _hash_key,
}


def _known(lua: str) -> str | None:
    return None if lua in _KNOWN else f"Lua that it has no form of its own for is {NOT_SUPPORTED}"


_OTHER_PHASE = Field(kind="array", default=[], refused=True)
FIELDS = {
    "access": Field(kind="array", default=[], elements=Field(kind="string", check=_known)),
    **dict.fromkeys(("certificate", "rewrite", "header_filter", "body_filter", "log"), _OTHER_PHASE),
}


def _create(configuration: PluginConfiguration, _surroundings: Surroundings) -> Plugin:
    functions = [_KNOWN[lua] for lua in configuration.config["access"]]

    async def access(exchange: Exchange) -> Response | None:
        for function in functions:
            if (response := await function(exchange)) is not None:
                return response
        return None

    return Plugin(access=access)


PLUGIN = PluginType(name="pre-function", priority=1_000_000, fields=FIELDS, create=_create)
