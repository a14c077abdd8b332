"""Failures a second."""

from __future__ import annotations

from typing import Any

from unit.console.spans import OTHER, TRACE

from localregion.console.traces.rates import Rates
from localregion.console.traces.span import Span


def span(trace_id: str, **changes: Any) -> Span:
    entry: dict[str, Any] = {"trace_id": trace_id, "span_id": "1" * 16, "parent": None, "name": "n", "kind": "SERVER"}
    return Span(**{**entry, "service": "s", "start": 0.0, "duration": 1.0, "status": "ERROR", **changes})


def test_a_trace_that_failed_counts_once_within_the_window() -> None:
    now = 100.0
    rates = Rates(clock=lambda: now)
    rates.note(span(TRACE))
    now = 105.0
    rates.note(span(TRACE))
    rates.note(span(OTHER))
    assert rates.errors_per_second() == 0.2
    now = 112.5
    assert rates.errors_per_second() == 0.2
    now = 200.0
    assert rates.errors_per_second() == 0


def test_only_failed_requests_and_batches_count() -> None:
    rates = Rates()
    rates.note(span(TRACE, status="OK"))
    rates.note(span(OTHER, kind="CLIENT"))
    assert rates.errors_per_second() == 0
