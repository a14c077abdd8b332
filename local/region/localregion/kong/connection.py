"""One client's connection: its requests are answered in their order, one at a time.

A slow or idle client is cut off after nginx's times, but not while it is owed an answer. The rest of a body that was
not read is dropped, for a while: closing at once would take the answer away from a client that still sends.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

from localregion.kong.request.body_stream import BodyStream, BrokenBodyError
from localregion.kong.request.head import Head
from localregion.kong.request_reader import RequestReader

# nginx: keepalive_timeout, client_header_timeout is a little less; here is one for both.
IDLE_TIMEOUT_S = 75.0
LINGER_S = 5.0


class WireRequest(NamedTuple):
    """A request whose head was read; `body` is None without one."""

    head: Head
    body: BodyStream | None
    peer: tuple[str, int]
    transport: asyncio.Transport

    @property
    def keep_alive(self) -> bool:
        if self.body is None:
            return self.head.keep_alive
        # A client that still waits for `100 Continue` may or may not send its body: what comes next is not known.
        is_read = not self.head.expects_continue or self.body.is_complete
        return self.head.keep_alive and is_read and self.body.error is None


class WireResponse(NamedTuple):
    """Head and body; `on_sent` is called once, also when the client is gone."""

    data: bytes
    keep_alive: bool
    on_sent: Callable[[], None] | None = None


class Server(Protocol):
    """What answers the requests of all connections, their failures included."""

    connections: set[Connection]
    is_stopping: bool
    idle_timeout_s: float

    async def respond(self, request: WireRequest) -> WireResponse: ...


class Connection(asyncio.Protocol):
    """From the first byte to the last; `task` is what answers a request at the moment."""

    def __init__(self, server: Server) -> None:
        self.task: asyncio.Task[None] | None = None
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(self)
        self._body: BodyStream | None = None
        self._is_clogged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1]) if isinstance(peer, tuple) else ("", 0)
        if (peer_socket := transport.get_extra_info("socket")) is not None:
            peer_socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._server.connections.add(self)
        self._idle_since = self._loop.time()
        self._timer = self._loop.call_later(self._server.idle_timeout_s, self._close_idle)
        if self._server.is_stopping:
            self.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._timer.cancel()
        if self._body is not None:
            self._body.fail(exc or ConnectionResetError("the client left"))

    def data_received(self, data: bytes) -> None:
        self._read(data)

    def pause_writing(self) -> None:
        self._is_clogged = True

    def resume_writing(self) -> None:
        self._is_clogged = False
        self._go_on()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def stop(self) -> None:
        """End it, with the answer that is owed if there is one."""
        if self.task is None:
            self._transport.close()

    def _read(self, data: bytes) -> None:
        is_busy = self.task is not None or self._is_clogged
        begun = self._reader.read(data, is_busy=is_busy)
        if begun is not None:
            head, self._body = begun
            request = WireRequest(head, self._body, self._peer, self._transport)
            self.task = self._loop.create_task(self._answer(request))
        elif is_busy and self._reader.holds:
            self.pause_reading()

    def _go_on(self) -> None:
        """Read what had to wait."""
        if self.task is None and self._reader.holds and not self._transport.is_closing():
            self.resume_reading()
            self._read(b"")

    async def _answer(self, request: WireRequest) -> None:
        goes_on = False
        try:
            response = await self._server.respond(request)
            self._send(response)
            is_whole = request.body is None or request.body.is_complete or await _dropped(request.body)
            goes_on = response.keep_alive and is_whole and not self._server.is_stopping
        finally:
            self.task = None
            if not goes_on:
                self._transport.close()
        self._idle_since = self._loop.time()
        self._go_on()

    def _send(self, response: WireResponse) -> None:
        try:
            if not self._transport.is_closing():
                self._transport.write(response.data)
        finally:
            if response.on_sent is not None:
                response.on_sent()

    def _close_idle(self) -> None:
        """Close what is idle for so long. It looks again and again: a timer for every request would cost more."""
        limit_s = self._server.idle_timeout_s
        left_s = self._idle_since + limit_s - self._loop.time()
        if left_s <= 0 and self.task is None:
            self._transport.close()
            return
        self._timer = self._loop.call_later(left_s if left_s > 0 else limit_s, self._close_idle)


async def _dropped(body: BodyStream) -> bool:
    """Read what is left of a body; say whether its end came."""
    try:
        async with asyncio.timeout(LINGER_S):
            while not body.is_complete:
                await body.more()
    except (TimeoutError, BrokenBodyError, ConnectionError):
        return False
    return body.error is None
