"""The ends of the functions' logs, and a trace's lines in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unit.console.spans import OTHER, TRACE, span_id

from localregion import rotation
from localregion.console.sources import function_logs


def line(message: str, second: int = 0, **fields: Any) -> str:
    timestamp = f"2026-11-22 22:13:{second:02d},123+0000"
    return json.dumps(
        {"level": "INFO", "message": message, "timestamp": timestamp, "service": "create_order", **fields}
    )


def write(folder: Path, function: str, *lines: str) -> None:
    (folder / f"{function}.log").write_text("".join(f"{text}\n" for text in lines))


def test_a_line_of_powertools_is_read(tmp_path: Path) -> None:
    write(tmp_path, "create_order", line("order accepted", trace_id=TRACE, span_id=span_id(1), order_id="o-1"))
    assert function_logs.last_lines(tmp_path, "create_order", 5) == [
        {
            "time": "2026-11-22T22:13:00.123Z",
            "service": "create_order",
            "level": "INFO",
            "message": "order accepted",
            "spanId": span_id(1),
            "fields": {"trace_id": TRACE, "span_id": span_id(1), "order_id": "o-1"},
        }
    ]


def test_other_lines_are_text(tmp_path: Path) -> None:
    write(tmp_path, "f", "START RequestId: 1 Version: 1", "{not json", "[1]")
    assert function_logs.last_lines(tmp_path, "f", 2) == ["{not json", "[1]"]


def test_a_function_that_never_ran_has_no_lines(tmp_path: Path) -> None:
    assert function_logs.last_lines(tmp_path, "f", 2) == []


def test_a_traces_lines_come_from_all_functions_by_time_without_what_is_about_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        "invoice_consumer",
        line("invoiced", 3, trace_id=OTHER),
        line("of t-2", 4, trace_id=OTHER, thing_id="t-2"),
    )
    write(
        tmp_path,
        "create_order",
        line("accepted", 2, trace_id=TRACE, thing_id="t-1"),
        line("mentions it", 1, note=TRACE),
        line("another", 1, trace_id="d" * 32),
        line("received", 1, trace_id=TRACE),
    )
    found = function_logs.of_traces(tmp_path, {TRACE, OTHER}, about=("thing_id", "t-1"))
    assert [one["message"] for one in found] == ["received", "accepted", "invoiced"]


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    long = [line(f"{number} {'x' * 5000}", trace_id=TRACE) for number in range(1000)]
    write(tmp_path, "create_order", line("first", trace_id=OTHER), *long)
    assert function_logs.of_traces(tmp_path, {OTHER}, about=None) == []
    found = function_logs.of_traces(tmp_path, {TRACE}, about=None)
    assert len(found) < function_logs.LINES_MAX
    assert found[-1]["message"].startswith("999 ")


def test_a_line_of_metrics_says_so(tmp_path: Path) -> None:
    write(tmp_path, "f", '{"_aws": {"Timestamp": 1700000000123, "CloudWatchMetrics": []}, "OrdersAccepted": [1.0]}')
    assert function_logs.last_lines(tmp_path, "f", 1) == [
        {
            "time": "2023-11-14T22:13:20.123Z",
            "service": "f",
            "level": "METRIC",
            "message": "metrics",
            "spanId": None,
            "fields": {"OrdersAccepted": [1.0]},
        }
    ]


def test_what_was_logged_before_the_log_was_set_aside_is_found(tmp_path: Path) -> None:
    write(tmp_path, "create_order", line("before", second=1, trace_id=TRACE))
    rotation.set_aside(tmp_path / "create_order.log", limit_bytes=1)
    write(tmp_path, "create_order", line("after", second=2, trace_id=TRACE))

    assert [each["message"] for each in function_logs.of_traces(tmp_path, {TRACE}, about=None)] == ["before", "after"]
    last = function_logs.last_lines(tmp_path, "create_order", 5)
    assert [each["message"] for each in last if isinstance(each, dict)] == ["before", "after"]
