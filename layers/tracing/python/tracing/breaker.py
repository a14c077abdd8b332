"""Leave a collector that failed alone: an outage costs an invocation its time-out now and then, not every time.

The pause begins short, for a collector that was only slow once, and doubles with every failure in a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE_FIRST_S = 1.0
PAUSE_MAX_S = 30.0


class Breaker:
    """Open: nothing is tried."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause_s = PAUSE_FIRST_S
        self._open_until = clock()

    @property
    def is_open(self) -> bool:
        return self._clock() < self._open_until

    def failed(self) -> None:
        self._open_until = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)

    def succeeded(self) -> None:
        self._pause_s = PAUSE_FIRST_S
