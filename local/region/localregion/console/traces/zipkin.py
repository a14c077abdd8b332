"""Read Zipkin's v2 JSON, which is what Kong's plugin `zipkin` and the embedded gateway send.

https://zipkin.io/zipkin-api/#/default/post_spans: a list of spans, times in microseconds. A tag `error`, or a status of
500 and more, makes an error of a span; Zipkin has no other word for it.
"""

from __future__ import annotations

import itertools
from typing import Any

from localregion.console.traces.span import Span
from localregion.console.traces.span_fields import (
    ATTRIBUTES_MAX,
    EVENTS_MAX,
    KINDS,
    MalformedSpansError,
    number_of,
    object_of,
    objects,
    parent_of,
    span_id_of,
    text_of,
    trace_id_of,
)


def decode(document: Any) -> list[Span]:
    """Return every span of the list. Raises MalformedSpansError."""
    if not isinstance(document, list):
        raise MalformedSpansError("Zipkin's v2 spans are a list")
    return [_span(entry) for entry in objects(document, "what was sent")]


def _span(entry: dict[str, Any]) -> Span:
    tags = object_of(entry.get("tags"), "tags")
    kind = entry.get("kind")
    endpoint = object_of(entry.get("localEndpoint"), "localEndpoint")
    return Span(
        trace_id=trace_id_of(entry.get("traceId")),
        span_id=span_id_of(entry.get("id")),
        parent=parent_of(entry.get("parentId")),
        name=text_of(entry.get("name") or ""),
        kind=kind if kind in KINDS else KINDS[0],
        service=text_of(endpoint.get("serviceName") or "unknown"),
        start=number_of(entry.get("timestamp"), "timestamp") / 1e3,
        duration=number_of(entry.get("duration", 0), "duration") / 1e3,
        status="ERROR" if _is_error(tags) else "UNSET",
        status_message=text_of(tags["error"]) if tags.get("error") not in (None, "", "true", "false") else "",
        attributes={text_of(name): _value(value) for name, value in itertools.islice(tags.items(), ATTRIBUTES_MAX)},
        events=[_annotation(note) for note in objects(entry.get("annotations"), "annotations")[:EVENTS_MAX]],
    )


def _is_error(tags: dict[str, Any]) -> bool:
    status = str(tags.get("http.status_code", ""))
    return tags.get("error") not in (None, False, "false") or (len(status) == 3 and status.startswith("5"))


def _value(value: Any) -> Any:
    return value if isinstance(value, bool | int) or value is None else text_of(value)


def _annotation(entry: dict[str, Any]) -> dict[str, Any]:
    time = number_of(entry.get("timestamp"), "timestamp") / 1e3
    return {"time": time, "name": text_of(entry.get("value", "")), "attributes": {}}
