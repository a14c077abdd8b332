"""Show what came from outside: the beginning of a body, properties as far as they can be read."""

from __future__ import annotations

import base64
import json
from typing import Any

# Of each message in a list, and of one that is asked for or removed.
LISTED_BYTES = 1024
SINGLE_BYTES = 65_536


def preview(body: bytes, *, size: int) -> dict[str, Any]:
    """The beginning of a body of this size: as text if it is some, else in base64."""
    try:
        # A character may be cut in two at the end.
        text = body.decode() if len(body) == size else _without_cut_character(body)
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    if all(character.isprintable() or character in "\t\r\n" for character in text):
        return {"text": text}
    return {"base64": base64.b64encode(body).decode()}


def properties_object(properties: str | None) -> dict[str, Any]:
    """Properties as they were stored; none when they cannot be read, or are too long to be shown."""
    try:
        found = json.loads(properties or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_cut_character(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if error.end < len(body) or len(body) - error.start > 3:
            raise
        return body[: error.start].decode()
