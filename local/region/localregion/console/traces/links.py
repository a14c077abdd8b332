"""A span's links, packed: 16 octets of trace id and 8 of span id each, searched as they are.

The span of a full batch has thousands of them, arrives while a function waits, and is looked into rarely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from localregion.console.traces.span_fields import span_id_of, trace_id_of

_TRACE, _LINK = 16, 24


def pack(entries: Sequence[dict[str, Any]]) -> bytes:
    """Read OTLP's links. Raises MalformedSpansError."""
    try:
        texts = [entry["traceId"] + entry["spanId"] for entry in entries]
        packed = bytes.fromhex("".join(texts))
        # Neither spaces among the digits nor one id longer at the cost of the other.
        is_even = {(len(entry["traceId"]), len(text)) for entry, text in zip(entries, texts, strict=True)}
        if is_even <= {(2 * _TRACE, 2 * _LINK)} and len(packed) == _LINK * len(texts):
            return packed
    except (KeyError, TypeError, ValueError):
        pass
    # Something is wrong with one of them: find it and say so.
    return bytes.fromhex(
        "".join(trace_id_of(entry.get("traceId")) + span_id_of(entry.get("spanId")) for entry in entries)
    )


def count(packed: bytes) -> int:
    return len(packed) // _LINK


def unpack(packed: bytes) -> Iterator[tuple[str, str]]:
    """Return trace id and span id of each."""
    for offset in range(0, len(packed), _LINK):
        yield packed[offset : offset + _TRACE].hex(), packed[offset + _TRACE : offset + _LINK].hex()


def into(packed: bytes, trace_id: str) -> Iterator[tuple[str, str]]:
    """Return those that lead into one trace."""
    wanted, offset = bytes.fromhex(trace_id), 0
    while (offset := packed.find(wanted, offset)) >= 0:
        if offset % _LINK == 0:
            yield trace_id, packed[offset + _TRACE : offset + _LINK].hex()
        offset += 1
