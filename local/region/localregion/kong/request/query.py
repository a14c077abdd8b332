"""Query arguments as nginx's Lua module reads them (`ngx.req.get_uri_args`), which is what Kong's plugins get."""

from __future__ import annotations

import re

# A name's values in their order; an argument without `=` is true.
QueryArguments = dict[str, list[str | bool]]

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


def parse_query(query: str, arguments_max: int) -> QueryArguments:
    """Return at most `arguments_max` arguments; those with an empty name are left out."""
    arguments: QueryArguments = {}
    count = 0
    for argument in query.split("&"):
        name, equals, value = argument.partition("=")
        name = unescape(name)
        if not name:
            continue
        arguments.setdefault(name, []).append(unescape(value) if equals else True)
        count += 1
        if count == arguments_max:
            break
    return arguments


def unescape(text: str) -> str:
    """Return what stands behind percent signs and plus signs, one character per byte (`ngx.unescape_uri`)."""
    text = text.replace("+", " ")
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text) if "%" in text else text
