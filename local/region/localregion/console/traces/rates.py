"""Failures a second, from the spans received: requests and invocations that ended in an error, a trace once.

Ten buckets of a second; the running one counts with what it has.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from localregion.console.traces.span import Span

WINDOW_S = 10
_KINDS = ("SERVER", "CONSUMER")
_PER_SECOND_MAX = 10_000


class Rates:
    """The traces that failed within the window."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds: deque[tuple[int, set[str]]] = deque()

    def note(self, span: Span) -> None:
        if span.status != "ERROR" or span.kind not in _KINDS:
            return
        self._drop_old()
        now = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != now:
            self._seconds.append((now, set()))
        if len(self._seconds[-1][1]) < _PER_SECOND_MAX:
            self._seconds[-1][1].add(span.trace_id)

    def errors_per_second(self) -> float:
        self._drop_old()
        return len(set().union(*(traces for _, traces in self._seconds))) / WINDOW_S

    def _drop_old(self) -> None:
        oldest = self._clock() - WINDOW_S
        while self._seconds and self._seconds[0][0] < oldest:
            self._seconds.popleft()
