"""Spans as senders send them, short to write."""

from __future__ import annotations

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
