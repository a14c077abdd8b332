"""One trace as a person wants to see it: its own spans, those that link to it, those that created its messages.

A batch's span belongs to no message's trace, it links to them (OpenTelemetry's rule for batches). Each of these traces
shows it without the neighbours of the batch: spans that link elsewhere only are left out, and of a link list only what
leads here is shown, with the number of all. A message that another request created in this trace links to that request,
which is shown as well. What a trace is about stands under the key that the project names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from localregion.console.traces import links
from localregion.console.traces.store import StoredSpan, Trace, TraceStore, leads_into
from localregion.console.traces.subject import Subject

JOINED_TRACES_MAX = 20
SPANS_MAX = 4_000
_LINKS_MAX = 100


def summary(trace: Trace, subject: Subject | None = None) -> dict[str, Any]:
    """Return a trace's line in the list."""
    spans = trace.spans.values()
    first = _root(list(spans))
    begin, end = min(span.start for span in spans), max(span.end for span in spans)
    return {
        "traceId": trace.trace_id,
        "name": first.name,
        "service": first.service,
        "start": begin,
        "duration": round(end - begin, 6),
        "spans": len(spans),
        "errors": sum(span.is_error for span in spans),
        **_about(spans, subject),
    }


def joined(store: TraceStore, trace_id: str) -> dict[str, Any] | None:
    """Return the trace with the invocations that link to it, None for one that is not known."""
    own = store.spans(trace_id)
    if not own:
        return None
    others = list(dict.fromkeys([*_makers(own), *store.linking_to(trace_id)]))[-JOINED_TRACES_MAX:]
    spans = list(own)
    for other in others:
        spans.extend(span for span in store.spans(other) if _concerns(span, trace_id))
    spans.sort(key=lambda span: span.start)
    return {
        "traceId": trace_id,
        **_about(own, store.subject),
        "linkedTraces": others,
        "spans": [_with_links(span, trace_id) for span in spans[:SPANS_MAX]],
    }


def _makers(own: Iterable[StoredSpan]) -> Iterable[str]:
    """Return the other traces whose requests created messages of this one."""
    for span in own:
        if span.kind == "PRODUCER":
            first = itertools.islice(links.unpack(span.links), JOINED_TRACES_MAX)
            yield from (target for target, _ in first if target != span.trace_id)


def _about(spans: Iterable[StoredSpan], subject: Subject | None) -> dict[str, str | None]:
    return {subject.key: next((span.subject_id for span in spans if span.subject_id), None)} if subject else {}


def _root(spans: list[StoredSpan]) -> StoredSpan:
    """Return the first span without a parent among them; the earliest when every parent is missing."""
    ids = {span.span_id for span in spans}
    return min(spans, key=lambda span: (span.parent in ids and span.parent != span.span_id, span.start))


def _concerns(span: StoredSpan, trace_id: str) -> bool:
    return not span.links or leads_into(span, trace_id)


def _with_links(span: StoredSpan, trace_id: str) -> dict[str, Any]:
    if not span.links:
        return {**span.document(), "links": []}
    # A span of the trace itself leads elsewhere: to its invocation, or from a batch to its messages' traces.
    shown = links.unpack(span.links) if span.trace_id == trace_id else links.into(span.links, trace_id)
    pairs = [{"traceId": target, "spanId": span_id} for target, span_id in itertools.islice(shown, _LINKS_MAX)]
    return {**span.document(), "links": pairs, "linkCount": links.count(span.links)}
