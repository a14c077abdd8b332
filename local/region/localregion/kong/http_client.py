"""A small HTTP/1.1 client for requests that are ready as bytes, on connections that stay open.

Exactly one attempt per request, whatever fails: a second one could do a thing twice. Connecting and every wait for
bytes are bounded. Certificates are not verified, as in Kong. Left out: redirects, cookies, compression, proxies.
Protocol: https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools


class HttpClientError(Exception):
    """There is no complete answer."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    is_tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """0 is no limit."""

    connect_s: float
    read_s: float


@dataclass(slots=True)
class HttpAnswer:
    """Headers in the server's order and spelling, one character per byte."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class HttpClient:
    """A pool of connections by server, without a limit. Used inside one event loop, closed at the end."""

    def __init__(self, *, keepalive_s: float = 60) -> None:
        self._keepalive_s = keepalive_s
        self._idle: dict[Server, list[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def send(self, server: Server, request: bytes, timeouts: Timeouts) -> HttpAnswer:
        """Raises HttpClientError when there is no complete answer in time."""
        try:
            connection = self._idle_connection(server) or await self._connect(server, timeouts.connect_s)
            try:
                answer = await connection.exchange(request, timeouts.read_s)
            except BaseException:
                connection.close()
                raise
        except (OSError, TimeoutError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise HttpClientError(f"{type(error).__name__}: {error}") from error
        if connection.stays_open:
            self._idle.setdefault(server, []).append(connection)
        return answer

    def close(self) -> None:
        for connection in tuple(self._open):
            connection.close()

    def _idle_connection(self, server: Server) -> _Connection | None:
        idle = self._idle.get(server)
        if not idle:
            return None
        oldest = asyncio.get_running_loop().time() - self._keepalive_s
        while idle and idle[0].used_at < oldest:
            idle.pop(0).close()
        while idle:
            if (connection := idle.pop()).is_usable:
                return connection
        return None

    async def _connect(self, server: Server, timeout_s: float) -> _Connection:
        loop = asyncio.get_running_loop()
        tls = _unverified_tls() if server.is_tls else None
        async with asyncio.timeout(timeout_s or None):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._open.discard), server.host, server.port, ssl=tls
            )
        self._open.add(connection)
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with at most one request on it."""

    def __init__(self, on_lost: Callable[[_Connection], None]) -> None:
        self.stays_open = True
        self.used_at = 0.0
        self._on_lost = on_lost
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[HttpAnswer] | None = None
        self._answer = HttpAnswer(0, [], b"")
        self._chunks: list[bytes] = []

    async def exchange(self, request: bytes, read_timeout_s: float) -> HttpAnswer:
        loop = asyncio.get_running_loop()
        self.used_at = loop.time()
        self._answer, self._chunks = HttpAnswer(0, [], b""), []
        self._answered = loop.create_future()
        timer = loop.call_later(read_timeout_s, self._check, read_timeout_s) if read_timeout_s else None
        self._transport.write(request)
        try:
            return await self._answered
        finally:
            self._answered = None
            if timer is not None:
                timer.cancel()

    @property
    def is_usable(self) -> bool:
        """Whether it can take a request: one that the server has just ended cannot, before it is lost officially."""
        return self.stays_open and not self._transport.is_closing()

    def close(self) -> None:
        self.stays_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.stays_open = False
        self._on_lost(self)
        if self._answer.status >= 200 and not self._is_framed():
            self._finish()  # the end of the connection is the end of the body
        self._fail(exc or ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self.used_at = asyncio.get_running_loop().time()
        if self._answered is None or self._answered.done():
            self.close()  # nobody asked: it must not become the answer to the next request
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(error)
            self.close()

    def on_message_begin(self) -> None:
        self._answer, self._chunks = HttpAnswer(0, [], b""), []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        if self._answer.status >= 200:
            self.stays_open = self.stays_open and self._parser.should_keep_alive()
            self._finish()

    def _is_framed(self) -> bool:
        return any(name.lower() in ("content-length", "transfer-encoding") for name, _ in self._answer.headers)

    def _finish(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answer.body = b"".join(self._chunks)
            self._answered.set_result(self._answer)

    def _fail(self, error: Exception) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)

    def _check(self, timeout_s: float) -> None:
        """Give up when nothing came for so long."""
        answered, loop = self._answered, asyncio.get_running_loop()
        if answered is None:
            return
        remaining_s = self.used_at + timeout_s - loop.time()
        if remaining_s <= 0:
            self._fail(TimeoutError(f"nothing came for {timeout_s:g} s"))
        else:
            timer = loop.call_later(remaining_s, self._check, timeout_s)
            answered.add_done_callback(lambda _: timer.cancel())


@functools.cache
def _unverified_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
