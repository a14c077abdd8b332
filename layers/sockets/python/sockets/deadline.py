"""One end for all that belongs together: with a time-out for each step a slow peer would add them up."""

from __future__ import annotations

import time


class Deadline:
    """A point on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._began_at = time.monotonic()
        self._ends_at = self._began_at + seconds

    def remaining_s(self) -> float:
        """Seconds left. Raises TimeoutError when there are none: zero would mean a non-blocking socket."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline exceeded")
        return left

    def spent_s(self) -> float:
        """Seconds since it was set."""
        return time.monotonic() - self._began_at
