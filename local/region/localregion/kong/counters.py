"""Counters of fixed windows: what rate limits count with, in this process's memory as with Kong's policy `local`.

A window is a calendar one (this minute, this hour), so a counter starts at zero at the full minute. Counters of windows
that are over are dropped, at the latest when `COUNTERS_MAX` are held, or twice as many as were left the last time.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable

# The length that Kong assumes of a window when it says when the next one starts.
SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "month": 2_592_000,
    "year": 31_536_000,
}
COUNTERS_MAX = 10_000


class Counters:
    """All counters of one gateway."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Hashable, str, int], int] = {}
        self._drop_at = COUNTERS_MAX

    def count(self, key: Hashable, window: str, now: int) -> int:
        return self._counts.get((key, window, window_start(window, now)), 0)

    def increment(self, key: Hashable, window: str, now: int) -> None:
        if len(self._counts) >= self._drop_at:
            self._drop_ended(now)
        counter = (key, window, window_start(window, now))
        self._counts[counter] = self._counts.get(counter, 0) + 1

    def _drop_ended(self, now: int) -> None:
        self._counts = {
            counter: count for counter, count in self._counts.items() if counter[2] == window_start(counter[1], now)
        }
        # Where many are in use none can go, and looking at all of them with every request would be slow.
        self._drop_at = max(COUNTERS_MAX, 2 * len(self._counts))


def window_start(window: str, now: int) -> int:
    """Return when the window began, in seconds since 1970, UTC."""
    if window in ("month", "year"):
        at = datetime.datetime.fromtimestamp(now, datetime.UTC)
        first = at.replace(day=1, hour=0, minute=0, second=0)
        return int((first.replace(month=1) if window == "year" else first).timestamp())
    return now - now % SECONDS[window]
