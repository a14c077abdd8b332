"""One trace as lines: order, indentation, bars, links, errors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from localregion.console.traces.waterfall import Paper, waterfall

ORDER, BATCH = "a" * 32, "b" * 32


def span(span_id: str, name: str, start: float, duration: float, **fields: Any) -> dict[str, Any]:
    given = {"traceId": ORDER, "parent": None, "kind": "SERVER", "service": "create_order", "links": []} | fields
    return {"spanId": span_id, "name": name, "start": 1000.0 + start, "duration": duration} | given


SPANS = [
    span("6", "process orders", 90, 10, traceId=BATCH, kind="CONSUMER", service="invoice_consumer", parent="5")
    | {"links": [{"traceId": ORDER, "spanId": "4"}], "linkCount": 7},
    span("5", "invoice_consumer", 80, 20, traceId=BATCH, service="invoice_consumer"),
    span("4", "create orders", 55, 0, kind="PRODUCER", parent="3"),
    span("3", "POST /orders", 20, 40, parent="2"),
    span("2", "POST (proxy)", 10, 55, kind="CLIENT", parent="1", service="kong"),
    span("1", "POST", 0, 70, service="kong"),
]
TRACE = {"traceId": ORDER, "spans": SPANS}


def test_spans_stand_below_their_parents_and_linked_traces_at_the_end() -> None:
    lines = waterfall(TRACE, Paper(width=120))
    assert lines[0] == f"trace {ORDER}: 6 spans in 100.0 ms"
    services = [line.partition(" ")[0] for line in lines[2:]]
    assert services == ["kong"] * 2 + ["create_order"] * 2 + ["invoice_consumer"] * 2
    names = ["POST", "POST (proxy)", "POST /orders", "create orders", "invoice_consumer", "↳ process orders (1 of 7)"]
    for line, name in zip(lines[2:], names, strict=True):
        assert f" {name} " in line


def test_a_child_is_indented_and_its_bar_lies_within_its_parents() -> None:
    parent, child = waterfall(TRACE, Paper(width=120))[2:4]
    assert child.index("POST") == parent.index("POST") + 2
    assert parent.index("█") < child.index("█")
    assert parent.rindex("█") > child.rindex("█")
    assert parent.endswith("0.0 ms    70.0 ms")


@pytest.mark.parametrize("width", [40, 80, 100, 250])
def test_lines_are_as_wide_as_the_terminal(width: int) -> None:
    widths = {len(line) for line in waterfall(TRACE, Paper(width=width))[2:]}
    assert len(widths) == 1
    assert max(widths) <= max(width, 60)
    assert width < 60 or widths == {width}


def test_without_a_terminal_there_are_no_escapes_and_with_one_every_service_has_its_colour() -> None:
    assert "\x1b" not in "".join(waterfall(TRACE, Paper()))
    coloured = waterfall(TRACE, Paper(is_coloured=True))
    assert len({found for line in coloured[2:] for found in re.findall(r"\x1b\[3\dm", line)}) == 3


def test_an_error_is_marked_and_says_its_message() -> None:
    failed = span("4", "send", 55, 1, parent="3", status="ERROR", statusMessage="confirm timed out")
    lines = waterfall({"traceId": ORDER, "spans": [failed, *SPANS[3:]]}, Paper(is_coloured=True))
    assert lines[0].endswith(", 1 with errors")
    at = next(number for number, line in enumerate(lines) if "! send" in line)
    assert "\x1b[31m" in lines[at]
    assert "! confirm timed out" in lines[at + 1]


def test_a_span_whose_parent_is_elsewhere_is_a_root_and_a_circle_does_not_hang() -> None:
    orphan = span("9", "orphan", 0, 1, parent="elsewhere")
    circle = [span("7", "one", 0, 1, parent="8"), span("8", "other", 0, 1, parent="7")]
    lines = waterfall({"traceId": ORDER, "spans": [orphan, *circle]}, Paper())
    assert "orphan" in lines[2]


def test_a_trace_without_spans_is_said_so() -> None:
    assert waterfall({"traceId": ORDER, "spans": []}, Paper()) == [f"trace {ORDER}: no spans"]


def test_long_waits_are_shown_in_seconds() -> None:
    late = span("9", "relay", 60_000, 12, service="outbox_relay")
    assert "60.00 s    12.0 ms" in waterfall({"traceId": ORDER, "spans": [*SPANS[3:], late]}, Paper())[-1]
