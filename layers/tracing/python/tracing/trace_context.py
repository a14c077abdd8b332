"""W3C Trace Context in and out of headers: which trace goes on, under which parent, and whether anybody records it.

https://www.w3.org/TR/trace-context/#traceparent-header. A malformed `traceparent` is as good as none; a malformed
`tracestate` is left out. Ids stay the hexadecimal text that they travel as.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

SAMPLED = 1
# Version 00 ends after the flags; a later one may go on, and is read as far as it is known.
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
# What version 00 has, and all that is known of a later one.
_TRACEPARENT_LENGTH = 55
_TRACESTATE_MAX = 512
# Looked up in half the time that reading the digits takes.
_FLAGS = {f"{flags:02x}": flags for flags in range(256)}
_MEMBER = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")


class TraceContext(NamedTuple):
    """A span somewhere, as its headers name it."""

    trace_id: str
    span_id: str
    flags: int
    tracestate: str = ""

    @property
    def is_sampled(self) -> bool:
        return bool(self.flags & SAMPLED)

    def headers(self) -> dict[str, str]:
        """The headers for what goes on from here."""
        headers = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"}
        return {**headers, "tracestate": self.tracestate} if self.tracestate else headers


def parse(headers: Mapping[str, Any] | None) -> TraceContext | None:
    """Read the context out of headers with lower-case names; None when there is none, or none to be trusted."""
    traceparent = headers.get("traceparent") if isinstance(headers, Mapping) else None
    if headers is None or not isinstance(traceparent, str):
        return None
    return context_of(traceparent, headers.get("tracestate"))


def context_of(traceparent: str, tracestate: Any = None) -> TraceContext | None:
    """The same, of the two headers' values."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if rest and version == "00":
        return None
    return TraceContext(trace_id, span_id, _FLAGS[flags], "" if tracestate is None else _tracestate(tracestate))


def is_traceparent(text: str, context: TraceContext | None) -> bool:
    """Whether a text is the context that was read out of it and nothing more, so that it can be kept as it is."""
    return context is not None and len(text) == _TRACEPARENT_LENGTH


def _tracestate(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _TRACESTATE_MAX:
        return ""
    members = [member.strip(" \t") for member in value.split(",")]
    return value if all(_MEMBER.fullmatch(member) for member in members if member) else ""


def trace_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """The W3C trace context of a request that goes on with an event; a malformed one is as good as none."""
    context = parse(headers)
    return {} if context is None else context.headers()
