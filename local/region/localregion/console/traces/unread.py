"""Spans that were taken and not yet read: under load most of them make room for newer ones before anybody looks.

They are kept as they came, up to a number of bytes; the oldest go first. Reading catches up before the API answers.
Belongs to the event loop: no locks.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from localregion.console.traces.span import Span

# Some six thousand requests with their spans: more traces than the store keeps.
SIZE_MAX_BYTES = 48 * 1024 * 1024
_ENTRY_BYTES = 200
# Senders wait no longer than this while much is read.
_SLICE_S = 0.004

Decode = Callable[[Any], list[Span]]


class UnreadSpans:
    """Bodies of the plain form, each with what reads it; `keep` gets their spans in the order of arrival."""

    def __init__(self, keep: Callable[[Sequence[Span]], object], *, size_max_bytes: int = SIZE_MAX_BYTES) -> None:
        self._keep = keep
        self._entries: deque[tuple[Decode, bytes]] = deque()
        self._taken = 0
        self._size_max_bytes = size_max_bytes
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, decode: Decode, body: bytes) -> None:
        self._entries.append((decode, body))
        self.size_bytes += len(body) + _ENTRY_BYTES
        while self.size_bytes > self._size_max_bytes:
            self._take()

    async def catch_up(self) -> None:
        """Return when all that had come by now is read."""
        goal = self._taken + len(self._entries)
        while self._taken < goal:
            ends = time.perf_counter() + _SLICE_S
            while self._taken < goal and time.perf_counter() < ends:
                decode, body = self._take()
                self._keep(decode(json.loads(body)))
            await asyncio.sleep(0)

    def _take(self) -> tuple[Decode, bytes]:
        decode, body = self._entries.popleft()
        self.size_bytes -= len(body) + _ENTRY_BYTES
        self._taken += 1
        return decode, body
