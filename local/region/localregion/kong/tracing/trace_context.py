"""Read and write a W3C `traceparent` as Kong's propagation does: version 00 alone, anything else counts as none.

Protocol: https://www.w3.org/TR/trace-context/. `tracestate` and `baggage` pass untouched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# For parity: upper-case digits are taken and become lower-case.
_TRACEPARENT = re.compile(r"00-([0-9A-Fa-f]{32})-([0-9A-Fa-f]{16})-([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """`span_id` is the id of the sender's span."""

    trace_id: str
    span_id: str
    is_sampled: bool


def parse_traceparent(values: list[str]) -> TraceContext | None:
    """Return the client's context; None for none, for several and for a broken one."""
    found = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    if found is None:
        return None
    trace_id, span_id, flags = found[1].lower(), found[2].lower(), int(found[3], 16)
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceContext(trace_id, span_id, bool(flags & 1))


def format_traceparent(context: TraceContext) -> str:
    return f"00-{context.trace_id}-{context.span_id}-{'01' if context.is_sampled else '00'}"
