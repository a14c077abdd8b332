"""When an order's trace is whole, and what is said where there is none."""

from __future__ import annotations

from typing import Any

from localregion.console.traces.waterfall import Paper
from orders.order_trace import is_complete, order_trace_lines


def span(span_id: str, parent: str | None, kind: str, service: str = "kong") -> dict[str, Any]:
    return {"spanId": span_id, "parent": parent, "kind": kind, "service": service}


SPANS = [
    span("8", None, "CONSUMER", "order_updater"),
    span("6", "5", "CONSUMER", "invoice_consumer"),
    span("5", None, "SERVER"),
    span("2", "1", "SERVER"),
    span("1", None, "SERVER"),
]


def test_a_trace_is_complete_with_its_consumer_and_all_parents() -> None:
    assert is_complete({"spans": SPANS})
    assert not is_complete({"spans": SPANS[1:]})
    assert not is_complete({"spans": SPANS[:-1]})


def test_a_trace_is_complete_with_the_request_that_created_its_message() -> None:
    created = {**span("9", "1", "PRODUCER", "record_payment"), "links": [{"traceId": "t", "spanId": "10"}]}
    assert not is_complete({"spans": [*SPANS, created]})
    assert is_complete({"spans": [*SPANS, created, span("10", None, "SERVER", "record_payment")]})


def test_a_system_without_a_console_has_a_sentence_instead_of_a_trace() -> None:
    assert order_trace_lines({}, "an order", Paper()) == ["no trace: this system has no console"]
