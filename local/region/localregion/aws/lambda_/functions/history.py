"""What became of a function's invocations: counts since the emulator started, and the last ones one by one.

The figures are those of the REPORT lines. Bounded: `LAST` invocations, and of an error its type and a short message.
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from typing import Any

from localregion.aws.lambda_.functions.logs import Report

LAST = 50
_ERROR_READ_MAX = 100_000
_MESSAGE_MAX = 200


class InvocationHistory:
    """One function's, of all its versions and environments."""

    def __init__(self) -> None:
        self.invocations = 0
        self.cold_starts = 0
        self.errors = 0
        self._last: deque[tuple[Report, float, str | None]] = deque(maxlen=LAST)

    def note(self, report: Report, *, error: bytes | None) -> None:
        """Count an invocation that has just ended; `error` is the payload of one that failed."""
        self.invocations += 1
        self.cold_starts += report.init_duration_ms is not None
        self.errors += error is not None
        self._last.append((report, time.time(), None if error is None else _described(error, report)))

    def counts(self) -> dict[str, int]:
        return {"invocations": self.invocations, "coldStarts": self.cold_starts, "errors": self.errors}

    def last(self) -> list[dict[str, Any]]:
        """Return the last invocations, the newest last; `start` in milliseconds since the epoch."""
        return [
            {
                "requestId": report.request_id,
                "start": round(ended * 1000 - report.duration_ms, 3),
                "duration": round(report.duration_ms, 2),
                "billedMs": math.ceil(report.duration_ms),
                "memoryMb": report.memory_used_mb,
                "initMs": None if report.init_duration_ms is None else round(report.init_duration_ms, 2),
                "error": error,
            }
            for report, ended, error in self._last
        ]


def _described(payload: bytes, report: Report) -> str:
    """Return the error's type and message as the runtime posted them, or Lambda's own word."""
    if report.status == "timeout":
        return "timeout"
    try:
        posted = json.loads(payload) if len(payload) <= _ERROR_READ_MAX else {}
    except (ValueError, RecursionError):
        posted = {}
    if not isinstance(posted, dict):
        posted = {}
    words = [str(posted[name]) for name in ("errorType", "errorMessage") if posted.get(name)]
    return ": ".join(words)[:_MESSAGE_MAX] or report.error_type or "error"
