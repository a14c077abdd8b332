"""Spans as senders send them, short to write."""

from __future__ import annotations

import json
from typing import Any

TRACE, OTHER, THIRD = "a" * 32, "b" * 32, "c" * 32


def span_id(number: int) -> str:
    return f"{number:016x}"


def otlp_span(number: int, **changes: Any) -> dict[str, Any]:
    entry = {
        "traceId": TRACE,
        "spanId": span_id(number),
        "name": "POST /orders",
        "kind": 2,
        "startTimeUnixNano": "1700000000123456789",
        "endTimeUnixNano": "1700000000125456789",
    }
    return {**entry, **changes}


def export(*spans: dict[str, Any], service: str = "create_order") -> dict[str, Any]:
    resource = {"attributes": [attribute("service.name", service)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "s"}, "spans": list(spans)}]}]}


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def link(trace_id: str, number: int = 1) -> dict[str, str]:
    return {"traceId": trace_id, "spanId": span_id(number)}


def zipkin_span(number: int, **changes: Any) -> dict[str, Any]:
    entry = {
        "traceId": TRACE,
        "id": span_id(number),
        "kind": "SERVER",
        "name": "POST",
        "timestamp": 1_700_000_000_123_456,
        "duration": 34_200,
        "localEndpoint": {"serviceName": "kong"},
        "tags": {"http.status_code": "201"},
    }
    return {**entry, **changes}


def compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def plain_span(number: int = 1, **last: Any) -> dict[str, Any]:
    """A span with its members in the order in which a function writes them."""
    span = otlp_span(number)
    times = {name: span.pop(name) for name in ("startTimeUnixNano", "endTimeUnixNano")}
    ids = {name: span.pop(name) for name in ("traceId", "spanId")}
    attributes = [
        attribute("thing.id", 't-1 "quoted" \\ \n'),
        {"key": "n", "value": {"intValue": "-9007199254740993"}},
        {"key": "d", "value": {"doubleValue": 1.5e-07}},
        {"key": "b", "value": {"boolValue": False}},
    ]
    return {**ids, "flags": 769, **span, **times, "attributes": attributes, "status": {"code": 0}, **last}


def plain_request(**last: Any) -> dict[str, Any]:
    """A request's span as the gateway writes it."""
    span = zipkin_span(1)
    first = {name: span[name] for name in ("traceId", "localEndpoint", "id", "name", "kind", "timestamp", "duration")}
    return {**first, "remoteEndpoint": {"ipv4": "127.0.0.1", "port": 50_000}, "tags": span["tags"], **last}
