"""Parked messages as the console shows them: why, how often, the beginning of the body, the order's trace."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from localregion.console.sources.database import Database
from orders.console import order_queries
from orders.console.orders import timestamp

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


async def latest(database: Database, limit: int) -> list[dict[str, Any]]:
    """Return the newest first, in every state. Raises SourceDownError."""
    (rows,) = await database.read((order_queries.SELECT_PARKED, {"limit": limit}))
    return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    properties = _properties(row[8])
    text = _text(bytes(row[10]), is_cut=row[9] > len(row[10]))
    return {
        "id": str(row[0]),
        "reason": row[1],
        "queue": row[2],
        "firstSeen": timestamp(row[3]),
        "lastSeen": timestamp(row[4]),
        "count": row[5],
        "replayedAt": None if row[6] is None else timestamp(row[6]),
        "state": row[7],
        "size": row[9],
        "bodyEncoding": "base64" if text is None else "text",
        "body": base64.b64encode(row[10]).decode() if text is None else text,
        "properties": properties,
        "traceId": trace_id_of(properties),
    }


def trace_id_of(properties: Any) -> str | None:
    """Return the trace that the message belongs to; header values are bytes in a list, as Lambda hands them on."""
    headers = properties.get("headers") if isinstance(properties, dict) else None
    value = headers.get("traceparent") if isinstance(headers, dict) else None
    # A sender's own table may hold a number under `bytes`; bytes(number) would allocate as many zeros.
    if isinstance(value, dict) and isinstance(value.get("bytes"), list):
        try:
            value = bytes(value["bytes"]).decode("ascii")
        except (TypeError, ValueError):
            return None
    found = _TRACEPARENT.fullmatch(value) if isinstance(value, str) else None
    return found.group(1) if found else None


def _properties(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(body: bytes, *, is_cut: bool) -> str | None:
    """Return the body as text, None when it is none. A character may be cut in two at its end."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        return body[: error.start].decode() if is_cut and len(body) - error.start <= 3 else None
