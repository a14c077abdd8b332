"""Ask a part of the system without harm: in a thread, once at a time, for all that ask at that moment.

A part that is down or frozen costs its short time-out once and not once a request, and is a SourceDownError, never a
stack trace: the page shows it as a state.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SourceDownError(Exception):
    """A part does not answer, or not with what it should; the text says which and why."""


class Remembered(Generic[T]):
    """What `read` returned or raised, for a moment; `read` blocks and bounds its own time."""

    def __init__(
        self, read: Callable[[], T], *, for_s: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._for_s = for_s
        self._clock = clock
        self._task: asyncio.Task[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        """Return the last outcome or a new one. Raises SourceDownError."""
        if self._task is None or (self._task.done() and self._clock() >= self._until):
            self._task = asyncio.create_task(self._ask())
        return await asyncio.shield(self._task)

    async def _ask(self) -> T:
        try:
            return await asyncio.to_thread(self._read)
        finally:
            self._until = self._clock() + self._for_s
