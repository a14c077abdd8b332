"""What came of one request's body and was not read yet; a client that sends faster than it is read has to wait."""

from __future__ import annotations

import asyncio
from typing import Protocol

# Of a body that is not read yet.
BUFFER_BYTES = 64 * 1024


class BrokenBodyError(Exception):
    """The body's framing is none."""


class Flow(Protocol):
    """Where the body comes from."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class BodyStream:
    """Fed by a connection, read by one reader. A body that failed raises what it failed with at every reading."""

    __slots__ = ("_chunks", "_flow", "_size", "_waiter", "error", "is_complete")

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._chunks: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self.is_complete = False
        self.error: Exception | None = None

    def feed(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > BUFFER_BYTES:
            self._flow.pause_reading()
        self._wake()

    def finish(self) -> None:
        self.is_complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """Nothing more comes; a body that was complete stays so."""
        if not self.is_complete:
            self.error, self.is_complete = error, True
            self._wake()

    def take(self) -> bytes:
        """Return what is there now."""
        if self.error is not None:
            raise self.error
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if self._size > BUFFER_BYTES:
            self._flow.resume_reading()
        self._size = 0
        return data

    async def more(self) -> bytes:
        """Return what is there or comes next, nothing at the body's end."""
        if not self._chunks and not self.is_complete:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.take()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
