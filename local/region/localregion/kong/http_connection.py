"""One connection to a server: it takes a request that is ready as bytes, and gives its answer, one after the other.

httptools finds the parts of an answer. Every wait for bytes is bounded, from the request's first on; so is the head.
An answer may end with its length, its chunks or the connection. What the server says unasked ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import cast

import httptools

# More than AWS sends; a server that never ends its head must not be listened to for ever.
HEAD_MAX_BYTES = 1024 * 1024
_CLOSED = "the server closed the connection"


class HttpClientError(Exception):
    """There is no complete answer."""


@dataclass(slots=True)
class HttpAnswer:
    """Headers in the server's order and spelling, one character per byte."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class HttpConnection(asyncio.Protocol):
    """Once its answer is there it may take the next request, for `keepalive_s`, as long as `is_usable` says so."""

    def __init__(self, *, keepalive_s: float, on_end: Callable[[HttpConnection], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        # An answer comes from a server of our own choice: what Kong's library can read is read.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._keepalive_s, self._on_end = keepalive_s, on_end
        self._is_open = True
        self._answer: asyncio.Future[HttpAnswer] | None = None
        self._read_s = self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._begin()

    @property
    def is_usable(self) -> bool:
        return self._is_open and self._loop.time() < self._deadline

    def send(self, request: bytes, read_s: float | None) -> asyncio.Future[HttpAnswer]:
        """Return the answer to come; HttpClientError when it does not. `read_s` is for each wait, 0 is no limit."""
        answer = self._answer = self._loop.create_future()
        if not self._is_open:
            self._fail(_CLOSED)
            return answer
        self._read_s = read_s or inf
        self._end_in(self._read_s)
        self._transport.write(request)
        return answer

    def abort(self) -> None:
        """End it at once: closing would wait until a server that reads nothing has the rest of the request."""
        self._is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        if self._timer is not None:
            self._timer.cancel()
        self._on_end(self)
        if self._answer is None:
            return
        if exc is None and self._status and not self._is_framed():
            self._complete()
        elif exc is None:
            self._fail(f"{_CLOSED} amid its answer" if self._head_bytes else _CLOSED)
        else:
            self._fail(f"{type(exc).__name__}: {exc}")

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()
            return
        self._deadline = self._loop.time() + self._read_s
        if not self._status:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the server changes the protocol")
        except httptools.HttpParserError as error:
            self._fail(f"the answer is no HTTP: {error}")
        else:
            if not self._status and self._head_bytes > HEAD_MAX_BYTES:
                self._fail("the answer's head is too long")

    def on_message_begin(self) -> None:
        if self._answer is None:
            raise HttpClientError("unasked")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        self._status, self._keeps_alive = self._parser.get_status_code(), self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:
            # The answer is still to come.
            self._status = 0
            self._headers.clear()
        else:
            self._complete()

    def _begin(self) -> None:
        self._status = self._head_bytes = 0
        self._keeps_alive = False
        self._headers: list[tuple[str, str]] = []
        self._chunks: list[bytes] = []

    def _complete(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(HttpAnswer(self._status, self._headers, b"".join(self._chunks)))
        if self._keeps_alive and self._is_open:
            self._end_in(self._keepalive_s)
        else:
            self._is_open = False
            self._transport.close()
        self._begin()

    def _fail(self, message: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(HttpClientError(message))
        self.abort()

    def _is_framed(self) -> bool:
        """Whether the answer's head says where its body ends."""
        fields = {name.lower(): value.lower() for name, value in self._headers}
        return "content-length" in fields or fields.get("transfer-encoding", "").endswith("chunked")

    def _end_in(self, seconds: float) -> None:
        """Set the deadline. A timer that is set for sooner looks at it then: one for each wait would cost more."""
        self._deadline = self._loop.time() + seconds
        if self._deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = self._deadline
            self._timer = self._loop.call_later(seconds, self._look_at_deadline)

    def _look_at_deadline(self) -> None:
        self._timer, self._timer_at = None, inf
        left_s = self._deadline - self._loop.time()
        if left_s > 0:
            if left_s < inf:
                self._end_in(left_s)
        elif self._answer is not None:
            self._fail(f"the server said nothing for {self._read_s:g} s")
        else:
            self._is_open = False
            self._transport.close()
