"""Traces in memory, never more than `Bounds` allows: what has been silent for longest goes first.

A span is kept as the JSON that the API shows and its links as packed ids, so what is counted is what it costs. A trace
that is full loses its own oldest spans, so none can take another's room. Belongs to the event loop: no locks.
"""

from __future__ import annotations

import heapq
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from localregion.console.traces import links
from localregion.console.traces.span import Span
from localregion.console.traces.subject import Subject

# Measured: what the objects around a span and a trace weigh; tests hold the sum against tracemalloc.
_SPAN_BYTES, _TRACE_BYTES = 900, 900


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much is kept, of all traces and of one."""

    traces: int = 5_000
    spans: int = 50_000
    size_bytes: int = 64 * 1024 * 1024
    spans_per_trace: int = 2_000
    bytes_per_trace: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class StoredSpan:
    """A span as kept."""

    trace_id: str
    span_id: str
    parent: str | None
    service: str
    name: str
    kind: str
    start: float
    end: float
    is_error: bool
    subject_id: str | None
    json: bytes
    links: bytes

    @property
    def cost(self) -> int:
        return _SPAN_BYTES + len(self.json) + len(self.links)

    def document(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.json)
        return decoded


@dataclass(slots=True, eq=False)
class Trace:
    """One trace's spans by id and kind (Zipkin's client and server spans may share an id), in order of arrival."""

    trace_id: str
    spans: dict[tuple[str, str], StoredSpan] = field(default_factory=dict)
    cost: int = _TRACE_BYTES
    begin: float = float("inf")


class TraceStore:
    """All traces, with the ways to find one."""

    def __init__(self, bounds: Bounds | None = None, *, subject: Subject | None = None) -> None:
        self.bounds = bounds or Bounds()
        self.subject = subject
        self.span_count = 0
        self.size_bytes = 0
        self.dropped_spans = 0
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        # How many spans of which traces are about a thing.
        self._by_subject: dict[str, dict[str, int]] = {}
        self._with_links: dict[StoredSpan, None] = {}

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, span: Span) -> bool:
        """Keep a span; False when it is larger than a trace may be."""
        stored = _stored(span, self.subject)
        if stored.cost + _TRACE_BYTES > self.bounds.bytes_per_trace:
            self.dropped_spans += 1
            return False
        trace = self._traces.get(stored.trace_id)
        if trace is None:
            trace = self._traces[stored.trace_id] = Trace(stored.trace_id)
            self.size_bytes += _TRACE_BYTES
        self._traces.move_to_end(stored.trace_id)
        self._forget(trace, (stored.span_id, stored.kind))  # sent twice: the later one says more
        self._remember(trace, stored)
        self._shrink(trace)
        return True

    def spans(self, trace_id: str) -> list[StoredSpan]:
        trace = self._traces.get(trace_id)
        return list(trace.spans.values()) if trace else []

    def latest(self, limit: int) -> list[Trace]:
        """Return the traces that began last, the newest first."""
        return heapq.nlargest(limit, self._traces.values(), key=lambda trace: trace.begin)

    def linking_to(self, trace_id: str) -> list[str]:
        """Return the other traces with a link into this one, in order of arrival."""
        linking = (span.trace_id for span in self._with_links if leads_into(span, trace_id))
        return [other for other in dict.fromkeys(linking) if other != trace_id]

    def about(self, subject_id: str) -> str | None:
        """Return the trace about this thing that began first."""
        traces = self._by_subject.get(subject_id, ())
        return min(traces, key=lambda trace_id: self._traces[trace_id].begin, default=None)

    def _remember(self, trace: Trace, span: StoredSpan) -> None:
        trace.spans[span.span_id, span.kind] = span
        trace.cost += span.cost
        trace.begin = min(trace.begin, span.start)
        self.span_count += 1
        self.size_bytes += span.cost
        if span.subject_id is not None:
            _count(self._by_subject, span.subject_id, trace.trace_id, +1)
        if span.links:
            self._with_links[span] = None

    def _forget(self, trace: Trace, key: tuple[str, str]) -> None:
        span = trace.spans.pop(key, None)
        if span is None:
            return
        trace.cost -= span.cost
        self.span_count -= 1
        self.size_bytes -= span.cost
        if span.subject_id is not None:
            _count(self._by_subject, span.subject_id, trace.trace_id, -1)
        self._with_links.pop(span, None)

    def _shrink(self, trace: Trace) -> None:
        bounds = self.bounds
        while len(trace.spans) > bounds.spans_per_trace or trace.cost > bounds.bytes_per_trace:
            self._forget(trace, next(iter(trace.spans)))
            self.dropped_spans += 1
        while (
            len(self._traces) > bounds.traces or self.span_count > bounds.spans or self.size_bytes > bounds.size_bytes
        ):
            self._evict(self._traces.popitem(last=False)[1])

    def _evict(self, trace: Trace) -> None:
        for key in list(trace.spans):
            self._forget(trace, key)
        self.size_bytes -= _TRACE_BYTES


def leads_into(span: StoredSpan, trace_id: str) -> bool:
    return next(links.into(span.links, trace_id), None) is not None


def _stored(span: Span, subject: Subject | None) -> StoredSpan:
    return StoredSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent=span.parent,
        service=span.service,
        name=span.name,
        kind=span.kind,
        start=span.start,
        end=span.start + span.duration,
        is_error=span.status == "ERROR",
        subject_id=subject.id_of(span) if subject else None,
        json=json.dumps(span.document(), separators=(",", ":")).encode(),
        links=span.links,
    )


def _count(index: dict[str, dict[str, int]], key: str, trace_id: str, change: int) -> None:
    traces = index.setdefault(key, {})
    traces[trace_id] = traces.get(trace_id, 0) + change
    if traces[trace_id] <= 0:
        del traces[trace_id]
    if not traces:
        del index[key]
