"""OTLP's JSON, field by field: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from tracing import TraceContext, otlp_json
from tracing.spans import RecordedSpan

CONTEXT = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")]))
PARENT = SpanContext(0xABC, 0x123, is_remote=True, trace_flags=TraceFlags(1))


ATTRIBUTES = {"text": "é", "count": 2**53 + 1, "ratio": 0.5, "is": True}


def span(attributes: dict[str, Any] = ATTRIBUTES, links: Sequence[TraceContext] = (), **changes: Any) -> RecordedSpan:
    given: dict[str, Any] = {
        "name": "send x",
        "context": CONTEXT,
        "parent": PARENT,
        "kind": SpanKind.CLIENT,
        "start_time": 1_795_386_260_010_000_001,
        "end_time": 1_795_386_260_020_000_002,
        "instrumentation_scope": InstrumentationScope("x"),
    }
    return RecordedSpan(ReadableSpan(**{**given, **changes}), attributes, links)


def encoded(*spans: RecordedSpan) -> list[dict[str, Any]]:
    resource = otlp_json.resource({"service.name": "create_order"})
    document = json.loads(otlp_json.request(resource, spans))
    (resource_spans,) = document["resourceSpans"]
    assert resource_spans["resource"] == {
        "attributes": [{"key": "service.name", "value": {"stringValue": "create_order"}}]
    }
    (scope_spans,) = resource_spans["scopeSpans"]
    assert scope_spans["scope"] == {"name": "serverless-orders"}
    found: list[dict[str, Any]] = scope_spans["spans"]
    return found


def test_a_span_has_hexadecimal_ids_times_as_text_and_numbers_for_names() -> None:
    (found,) = encoded(span())

    assert found == {
        "traceId": "00000000000000000000000000000abc",
        "spanId": "0000000000000def",
        "parentSpanId": "0000000000000123",
        "traceState": "a=b",
        "flags": 0x301,
        "name": "send x",
        "kind": 3,
        "startTimeUnixNano": "1795386260010000001",
        "endTimeUnixNano": "1795386260020000002",
        "attributes": [
            {"key": "text", "value": {"stringValue": "é"}},
            {"key": "count", "value": {"intValue": "9007199254740993"}},
            {"key": "ratio", "value": {"doubleValue": 0.5}},
            {"key": "is", "value": {"boolValue": True}},
        ],
        "status": {"code": 0},
    }


def test_every_kind_has_its_number() -> None:
    kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]
    assert [found["kind"] for found in encoded(*(span(kind=kind) for kind in kinds))] == [1, 2, 3, 4, 5]


def test_a_root_has_no_parent_and_an_error_has_its_message() -> None:
    (found,) = encoded(span(parent=None, status=Status(StatusCode.ERROR, "refused")))

    assert "parentSpanId" not in found
    assert found["flags"] == 0x101
    assert found["status"] == {"code": 2, "message": "refused"}


def test_links_are_beside_the_span_that_they_belong_to() -> None:
    links = [TraceContext("a" * 32, "b" * 16, 1), TraceContext("c" * 32, "d" * 16, 3)]
    plain, linked = encoded(span(), span(links=links))

    assert "links" not in plain
    assert linked["links"] == [
        {"traceId": "a" * 32, "spanId": "b" * 16, "flags": 0x301},
        {"traceId": "c" * 32, "spanId": "d" * 16, "flags": 0x303},
    ]


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    (found,) = encoded(span(attributes={"path": "/\ud800"}))
    assert found["attributes"] == [{"key": "path", "value": {"stringValue": "/?"}}]


def test_names_are_escaped() -> None:
    (found,) = encoded(span(name='send "\\\n', status=trace.Status(StatusCode.ERROR, '"')))
    assert (found["name"], found["status"]["message"]) == ('send "\\\n', '"')


def test_a_long_text_is_cut_off_and_what_is_no_attribute_is_text() -> None:
    (found,) = encoded(span(attributes={"path": "x" * 4_097, "none": None, "list": [1], "nan": float("nan")}))
    assert [each["value"] for each in found["attributes"]] == [
        {"stringValue": "x" * 4_096},
        {"stringValue": "None"},
        {"stringValue": "[1]"},
        {"stringValue": "nan"},
    ]
