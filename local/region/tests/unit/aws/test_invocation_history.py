"""What is remembered of a function's invocations."""

from __future__ import annotations

from typing import Any

import pytest

from localregion.aws.lambda_.functions.history import LAST, InvocationHistory
from localregion.aws.lambda_.functions.logs import Report


def report(number: int = 1, **changes: Any) -> Report:
    figures: dict[str, Any] = {"request_id": f"r-{number}", "duration_ms": 12.345, "memory_mb": 512}
    return Report(**{**figures, "memory_used_mb": 80, **changes})


def test_an_invocation_keeps_the_figures_of_its_report() -> None:
    history = InvocationHistory()
    history.note(report(init_duration_ms=210.123), error=None)
    (found,) = history.last()
    assert found.pop("start") > 1_700_000_000_000
    assert found == {
        "requestId": "r-1",
        "duration": 12.35,
        "billedMs": 13,
        "memoryMb": 80,
        "initMs": 210.12,
        "error": None,
    }
    assert history.counts() == {"invocations": 1, "coldStarts": 1, "errors": 0}


@pytest.mark.parametrize(
    ("payload", "changes", "shown"),
    [
        (b'{"errorType": "ValueError", "errorMessage": "no"}', {}, "ValueError: no"),
        (b'{"errorMessage": "Task timed out"}', {"status": "timeout"}, "timeout"),
        (b"[]", {"status": "error", "error_type": "Runtime.ExitError"}, "Runtime.ExitError"),
        (b"no json", {}, "error"),
        (b'{"errorType": "E", "errorMessage": "' + b"x" * 200_000 + b'"}', {}, "error"),
    ],
)
def test_an_error_is_named_in_a_few_words(payload: bytes, changes: dict[str, Any], shown: str) -> None:
    history = InvocationHistory()
    history.note(report(**changes), error=payload)
    assert history.last()[0]["error"] == shown
    assert history.counts()["errors"] == 1


def test_only_the_last_invocations_are_kept() -> None:
    history = InvocationHistory()
    for number in range(3 * LAST):
        history.note(report(number), error=None)
    assert [found["requestId"] for found in history.last()] == [f"r-{number}" for number in range(2 * LAST, 3 * LAST)]
    assert history.counts()["invocations"] == 3 * LAST
