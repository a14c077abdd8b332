"""Read an ExportTraceServiceRequest in OTLP's JSON form.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hex, enumerations as numbers, 64-bit integers
as text or numbers, unknown fields ignored. Raises MalformedSpansError and then yields nothing of the request.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from localregion.console.traces import links
from localregion.console.traces.span import Span
from localregion.console.traces.span_fields import (
    ATTRIBUTES_MAX,
    EVENTS_MAX,
    KINDS,
    LINKS_MAX,
    MalformedSpansError,
    number_of,
    object_of,
    objects,
    parent_of,
    span_id_of,
    text_of,
    trace_id_of,
)

_STATUSES = {0: "UNSET", 1: "OK", 2: "ERROR"}
_NESTED_MAX = 8


def decode(document: Any) -> list[Span]:
    """Return every span of the request."""
    if not isinstance(document, dict):
        raise MalformedSpansError("an export request is an object with resourceSpans")
    spans: list[Span] = []
    for resource_spans in objects(document.get("resourceSpans"), "resourceSpans"):
        resource = object_of(resource_spans.get("resource"), "resource")
        service = text_of(_attributes(resource.get("attributes")).get("service.name", "unknown"))
        for scope_spans in objects(resource_spans.get("scopeSpans"), "scopeSpans"):
            spans.extend(_span(entry, service) for entry in objects(scope_spans.get("spans"), "spans"))
    return spans


def _span(entry: dict[str, Any], service: str) -> Span:
    start = number_of(entry.get("startTimeUnixNano"), "startTimeUnixNano") / 1e6
    end = number_of(entry.get("endTimeUnixNano"), "endTimeUnixNano") / 1e6
    status = object_of(entry.get("status"), "status")
    return Span(
        trace_id=trace_id_of(entry.get("traceId")),
        span_id=span_id_of(entry.get("spanId")),
        parent=parent_of(entry.get("parentSpanId")),
        name=text_of(entry.get("name", "")),
        kind=_kind(entry.get("kind", 1)),
        service=service,
        start=start,
        duration=max(0.0, round(end - start, 6)),
        status=_status(status.get("code", 0)),
        status_message=text_of(status.get("message", "")),
        attributes=_attributes(entry.get("attributes")),
        events=[_event(event) for event in objects(entry.get("events"), "events")[:EVENTS_MAX]],
        links=links.pack(objects(entry.get("links"), "links")[:LINKS_MAX]),
    )


def _kind(value: Any) -> str:
    if isinstance(value, str):
        value = value.removeprefix("SPAN_KIND_")
        return value if value in KINDS else KINDS[0]
    return KINDS[value - 1] if isinstance(value, int) and 1 <= value <= len(KINDS) else KINDS[0]


def _status(value: Any) -> str:
    if isinstance(value, str):
        value = value.removeprefix("STATUS_CODE_")
        return value if value in _STATUSES.values() else "UNSET"
    return _STATUSES.get(value, "UNSET") if isinstance(value, int) else "UNSET"


def _event(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": number_of(entry.get("timeUnixNano", 0), "timeUnixNano") / 1e6,
        "name": text_of(entry.get("name", "")),
        "attributes": _attributes(entry.get("attributes")),
    }


def _attributes(value: Any) -> dict[str, Any]:
    pairs = itertools.islice(objects(value, "attributes"), ATTRIBUTES_MAX)
    return {text_of(pair.get("key", "")): _value(pair.get("value"), 0) for pair in pairs}


def _value(value: Any, depth: int) -> Any:
    """Return an AnyValue as JSON has it."""
    if not isinstance(value, dict) or depth > _NESTED_MAX:
        return None
    match value:
        case {"stringValue": text} | {"bytesValue": text}:
            return text_of(text)
        case {"boolValue": bool(truth)}:
            return truth
        case {"intValue": str(number) | int(number)}:
            return _integer(number)
        case {"doubleValue": int(number) | float(number)}:
            return number if math.isfinite(number) else str(number)
        case {"arrayValue": {"values": list(values)}}:
            return [_value(entry, depth + 1) for entry in values[:ATTRIBUTES_MAX]]
        case {"kvlistValue": {"values": list(pairs)}}:
            known = (pair for pair in pairs[:ATTRIBUTES_MAX] if isinstance(pair, dict))
            return {text_of(pair.get("key", "")): _value(pair.get("value"), depth + 1) for pair in known}
    return None


def _integer(value: str | int) -> int:
    try:
        number = int(value)
    except ValueError:
        raise MalformedSpansError(f"intValue is no integer: {value!r:.80}") from None
    if not -(2**63) <= number < 2**63:
        raise MalformedSpansError("intValue has more than 64 bits")
    return number
