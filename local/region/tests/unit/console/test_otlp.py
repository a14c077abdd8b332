"""OTLP's JSON form, read: every field, and what is no OTLP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.console.spans import OTHER, TRACE, attribute, export, link, otlp_span, span_id

from localregion.console.traces import links, otlp
from localregion.console.traces.span_fields import ATTRIBUTES_MAX, TEXT_MAX, MalformedSpansError


def one(**changes: Any) -> dict[str, Any]:
    (span,) = otlp.decode(export(otlp_span(1, **changes)))
    return span.document()


def test_a_span_keeps_what_the_sender_said_of_it() -> None:
    (span,) = otlp.decode(
        export(
            otlp_span(
                1,
                parentSpanId=span_id(9),
                status={"code": 2, "message": "no broker"},
                attributes=[attribute("order.id", "o-1")],
                events=[{"timeUnixNano": "1700000000124000000", "name": "exception", "attributes": []}],
                links=[link(OTHER, 7)],
            )
        )
    )
    assert span.document() == {
        "traceId": TRACE,
        "spanId": span_id(1),
        "parent": span_id(9),
        "name": "POST /orders",
        "kind": "SERVER",
        "service": "create_order",
        "start": pytest.approx(1_700_000_000_123.4568),
        "duration": pytest.approx(2.0, abs=0.001),
        "status": "ERROR",
        "statusMessage": "no broker",
        "attributes": {"order.id": "o-1"},
        "events": [{"time": 1_700_000_000_124.0, "name": "exception", "attributes": {}}],
    }
    assert list(links.unpack(span.links)) == [(OTHER, span_id(7))]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"stringValue": "text"}, "text"),
        ({"boolValue": True}, True),
        ({"intValue": "9007199254740993"}, 9007199254740993),
        ({"intValue": 5}, 5),
        ({"doubleValue": 0.5}, 0.5),
        ({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}}, [1, "b"]),
        ({"kvlistValue": {"values": [attribute("k", "v")]}}, {"k": "v"}),
        ({"bytesValue": "aGk="}, "aGk="),
        ({}, None),
        (None, None),
        ({"newValue": 1}, None),
    ],
)
def test_an_attribute_has_the_type_that_it_was_sent_with(value: Any, read: Any) -> None:
    assert one(attributes=[{"key": "a", "value": value}])["attributes"] == {"a": read}


@pytest.mark.parametrize("parent", [None, "", "0" * 16])
def test_a_root_has_no_parent_however_it_is_written(parent: str | None) -> None:
    assert one(parentSpanId=parent)["parent"] is None


@pytest.mark.parametrize(
    ("kind", "read"), [(1, "INTERNAL"), (5, "CONSUMER"), ("SPAN_KIND_PRODUCER", "PRODUCER"), (77, "INTERNAL")]
)
def test_kinds_are_numbers_or_names(kind: Any, read: str) -> None:
    assert one(kind=kind)["kind"] == read


def test_a_span_that_ends_before_it_starts_takes_no_time() -> None:
    assert one(endTimeUnixNano="1")["duration"] == 0


def test_unknown_fields_are_passed_over() -> None:
    assert one(flags=257, droppedLinksCount=1, traceState="a=b")["name"] == "POST /orders"


def test_a_sender_without_a_name_is_unknown() -> None:
    (span,) = otlp.decode({"resourceSpans": [{"scopeSpans": [{"spans": [otlp_span(1)]}]}]})
    assert span.service == "unknown"


def test_what_is_long_is_cut() -> None:
    many = [attribute(f"a{number}", "x" * 100_000) for number in range(500)]
    found = one(attributes=many)["attributes"]
    assert len(found) == ATTRIBUTES_MAX
    assert max(map(len, found.values())) == TEXT_MAX


def test_text_that_is_no_text_can_be_shown() -> None:
    found = one(name=json.loads('"\\ud800"'))
    assert json.dumps(found).encode()
    assert found["name"] == "?"


MALFORMED: list[Any] = [
    [],
    "spans",
    None,
    {"resourceSpans": {}},
    {"resourceSpans": ["x"]},
    {"resourceSpans": [{"scopeSpans": [{"spans": [1]}]}]},
    {"resourceSpans": [{"resource": [], "scopeSpans": []}]},
    export(otlp_span(1, traceId="xyz")),
    export(otlp_span(1, traceId="0" * 32)),
    export(otlp_span(1, traceId=7)),
    export(otlp_span(1, spanId="a")),
    export(otlp_span(1, parentSpanId="zz")),
    export(otlp_span(1, startTimeUnixNano="yesterday")),
    export(otlp_span(1, startTimeUnixNano=-1)),
    export(otlp_span(1, startTimeUnixNano=True)),
    export(otlp_span(1, endTimeUnixNano=None)),
    export(otlp_span(1, status="bad")),
    export(otlp_span(1, attributes={"a": 1})),
    export(otlp_span(1, attributes=[{"key": "a", "value": {"intValue": "1.5"}}])),
    export(otlp_span(1, attributes=[{"key": "a", "value": {"intValue": "9" * 30}}])),
    export(otlp_span(1, links=[{"traceId": TRACE}])),
    export(otlp_span(1, links=[{"traceId": TRACE + "0", "spanId": "0" * 15}])),
    export(otlp_span(1, links=[link(TRACE), {"traceId": 1, "spanId": 2}])),
    export(otlp_span(1, events=[{"timeUnixNano": "x"}])),
]


@pytest.mark.parametrize("document", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_otlp_is_refused_with_a_reason(document: Any) -> None:
    with pytest.raises(MalformedSpansError, match=r"\w"):
        otlp.decode(document)


def test_seven_thousand_links_are_read() -> None:
    entries = [link(f"{number:032x}", number) for number in range(1, 7001)]
    (span,) = otlp.decode(export(otlp_span(1, links=entries)))
    assert links.count(span.links) == 7000
    assert list(links.into(span.links, f"{6999:032x}")) == [(f"{6999:032x}", span_id(6999))]


def test_a_trace_id_is_found_only_where_a_link_begins() -> None:
    packed = links.pack([{"traceId": "1" * 32, "spanId": "1" * 16}, {"traceId": "2" * 32, "spanId": "1" * 16}])
    assert list(links.into(packed, "1" * 32)) == [("1" * 32, "1" * 16)]
    assert list(links.into(packed, "1" * 16 + "2" * 16)) == []
