"""The Idempotency-Key of a request, out of Kong's event.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/: an RFC 8941 string; bare texts without
commas and semicolons are taken, too, since most clients send a UUID as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contracts.errors import InvalidIdempotencyKeyError

IDEMPOTENCY_KEY_MAX = 255
# RFC 8941, 3.3: one item, of which parameters are no part. Most clients send a bare value, a UUID for example, which
# need not be a token; what would end an item or begin a parameter is in a string only.
_PARAMETERS = r'(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[^"\\]|\\["\\])*"|[^\s";,]+))?)*'
_STRING = re.compile(r'"((?:[\x20-!#-\[\]-~]|\\["\\])+)"' + _PARAMETERS)
_BARE = re.compile(r"([!#-+\--:<-~](?:[\x20-+\--:<-~]*[!-+\--:<-~])?)" + _PARAMETERS)


def idempotency_key(event: Mapping[str, Any]) -> str | None:
    """The request's key, or None without the header. Raises InvalidIdempotencyKeyError.

    One key or none: of two it would be anybody's guess which one a proxy keeps, and how, at the next attempt.
    """
    lines = _lines(event, "idempotency-key")
    if not lines:
        return None
    value = lines[0].strip()
    string = _STRING.fullmatch(value)
    item = string or _BARE.fullmatch(value)
    key = item.group(1) if item else ""
    if string:
        key = re.sub(r"\\(.)", r"\1", key)
    if len(lines) > 1 or not 0 < len(key) <= IDEMPOTENCY_KEY_MAX:
        raise InvalidIdempotencyKeyError
    return key


def _lines(event: Mapping[str, Any], name: str) -> list[str]:
    """Every line that the request has of a header; `headers` holds the first."""
    value = event["headers"].get(name)
    return [] if value is None else (event.get("multiValueHeaders") or {}).get(name) or [value]
