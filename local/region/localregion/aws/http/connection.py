"""One client's connection to the AWS port: requests are gathered whole, answered in their order, each in one write.

uvicorn's server with a protocol of our own, because every order passes here: an ASGI application gives its answer in
pieces, which took a fifth of the emulator's time, and one more system call on both sides. A body beyond the
application's limit is read to its end and dropped. What is not complete is never answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Protocol, cast

import httptools
import uvicorn
from uvicorn.server import ServerState

from localregion.aws.http.exchange import Request, Response
from localregion.aws.http.incoming import Incoming
from localregion.aws.http.response_bytes import response_bytes

KEEP_ALIVE_S = 75.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BROKEN = "Invalid HTTP request received."
_log = logging.getLogger("emulator.aws")


class Application(Protocol):
    """What answers requests, and says how long the body of one may be. It answers its own failures too."""

    def body_limit(self, path: str, headers: dict[bytes, bytes]) -> int: ...
    async def answer(self, request: Request) -> Response: ...


class Connection(asyncio.Protocol):
    """From its first byte to its end; the arguments and `shutdown` are those of uvicorn's protocols."""

    def __init__(self, *, config: uvicorn.Config, server_state: ServerState, **_others: Any) -> None:
        self._application = cast(Application, config.app)
        self._connections, self._tasks = cast("set[Any]", server_state.connections), server_state.tasks
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._incoming = Incoming(is_open=False)
        # Whole requests with whether the connection goes on behind them, and the task that answers them in turns.
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._is_last = False
        self._idle_since = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._waiting.clear()
        self.resume_writing()
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # It is answered as any other; what follows may be of the protocol that was asked for.
            self._is_last = True
        except httptools.HttpParserError:
            self._refuse()

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def shutdown(self) -> None:
        """Close as soon as the request at hand is answered."""
        self._is_last = True
        if self._task is None and not (self._incoming.is_open and self._incoming.has_head):
            self._transport.close()

    def on_message_begin(self) -> None:
        self._incoming = Incoming()

    def on_url(self, url: bytes) -> None:
        self._incoming.take_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.take_header(name, value)

    def on_headers_complete(self) -> None:
        incoming, parser = self._incoming, self._parser
        incoming.take_head(parser.get_method())
        incoming.keep_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        incoming.limit = self._application.body_limit(incoming.path, incoming.headers)
        incoming.expects_continue = incoming.headers.get(b"expect", b"").lower() == b"100-continue"
        if self._task is None:
            self._continue()

    def on_body(self, body: bytes) -> None:
        self._incoming.take_body(body)

    def on_message_complete(self) -> None:
        self._waiting.append((self._incoming.request(), self._incoming.keep_alive))
        if self._task is None:
            self._task = self._loop.create_task(self._answer_all())
            self._tasks.add(self._task)
        else:
            self._transport.pause_reading()

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                request, keep_alive = self._waiting.popleft()
                self._send(request, await self._application.answer(request), keep_alive=keep_alive)
                if self._drained is not None:
                    await self._drained
        except Exception:
            _log.exception("an answer cannot be sent")
            self._transport.abort()
        finally:
            self._tasks.discard(cast("asyncio.Task[None]", self._task))
            self._task = None
        self._wait()

    def _send(self, request: Request, response: Response, *, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        goes_on = keep_alive and not (self._is_last and not self._waiting)
        self._transport.write(response_bytes(response, with_body=request.method != "HEAD", keep_alive=goes_on))
        if not goes_on:
            self._waiting.clear()
            self._transport.close()

    def _wait(self) -> None:
        """Wait for the next request, or for the rest of one."""
        if self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._continue()
        self._idle_since = self._loop.time()
        if self._idle_timer is None:
            self._idle_timer = self._loop.call_later(KEEP_ALIVE_S, self._close_idle)

    def _close_idle(self) -> None:
        """Close what is idle for so long. It looks again and again: a timer for every request would cost more."""
        left_s = self._idle_since + KEEP_ALIVE_S - self._loop.time()
        if left_s <= 0 and self._task is None and not self._incoming.is_open:
            self._transport.close()
            return
        self._idle_timer = self._loop.call_later(left_s if left_s > 0 else KEEP_ALIVE_S, self._close_idle)

    def _continue(self) -> None:
        """Ask for the body that the client holds back until it is wanted."""
        if self._incoming.expects_continue:
            self._incoming.expects_continue = False
            self._transport.write(_CONTINUE)

    def _refuse(self) -> None:
        """Answer what is no HTTP, behind the answers that are owed, and read no more."""
        if self._transport.is_closing():
            return
        _log.warning(_BROKEN)
        self._transport.pause_reading()
        self._is_last = True
        if self._task is None:
            headers = {"content-type": "text/plain; charset=utf-8"}
            self._transport.write(response_bytes(Response(400, headers, _BROKEN.encode()), keep_alive=False))
            self._transport.close()
