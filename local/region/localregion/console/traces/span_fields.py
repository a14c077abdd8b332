"""Read the fields of spans, whatever form they come in; what is long is cut: no sender decides how much is kept."""

from __future__ import annotations

import math
import re
from typing import Any

TEXT_MAX = 4096
ATTRIBUTES_MAX = 128
EVENTS_MAX = 64
LINKS_MAX = 20_000
KINDS = ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")

_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{16}")


class MalformedSpansError(Exception):
    """What was sent is no trace data; the text says where."""


def trace_id_of(value: Any) -> str:
    """Read a trace id; MalformedSpansError. Zipkin's may have half the length."""
    text = value.lower().zfill(32) if isinstance(value, str) else ""
    if not _TRACE_ID.fullmatch(text) or not text.strip("0"):
        raise MalformedSpansError(f"no trace id: {_shown(value)}")
    return text


def span_id_of(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if not _SPAN_ID.fullmatch(text) or not text.strip("0"):
        raise MalformedSpansError(f"no span id: {_shown(value)}")
    return text


def parent_of(value: Any) -> str | None:
    """Read a parent's span id; a root has none, an empty one, or zeros."""
    return None if value is None or value in ("", "0" * 16) else span_id_of(value)


def text_of(value: Any) -> str:
    """Return text that is not too long and can be written as UTF-8."""
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
    return text.encode(errors="replace").decode()


def number_of(value: Any, what: str) -> float:
    """Read a number that may be spelled as text, as JSON's 64-bit integers are."""
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or not 0 <= number < 2**64:
        raise MalformedSpansError(f"{what} is no number of that kind: {_shown(value)}")
    return number


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """Read a list of objects; a missing one is empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise MalformedSpansError(f"{what} is no list of objects")
    return value


def object_of(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedSpansError(f"{what} is no object")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:80]
