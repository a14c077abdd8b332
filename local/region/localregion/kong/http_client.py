"""Requests that are ready as bytes, over connections that stay open: a pool of them by server.

Exactly one attempt per request, even if it fails: a second one could do a thing twice. Connecting and every wait for
bytes are bounded. Certificates are not verified, as in Kong. Left out: redirects, cookies, compression, proxies.
It is ours because a client from outside takes a quarter of the gateway's time for a request (decision 11).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import NamedTuple

from localregion.kong.http_connection import HttpAnswer, HttpClientError, HttpConnection


class Server(NamedTuple):
    host: str
    port: int
    is_tls: bool = False


class Timeouts(NamedTuple):
    """Seconds for connecting, and for every wait for bytes; 0 is no limit."""

    connect_s: float
    read_s: float


class HttpClient:
    """A pool of connections by server, without a limit. Used inside one event loop, closed at the end."""

    def __init__(self, *, keepalive_s: float = 60) -> None:
        self._keepalive_s = keepalive_s
        self._connections: dict[HttpConnection, Server] = {}
        self._idle: dict[Server, list[HttpConnection]] = {}

    async def send(self, server: Server, request: bytes, timeouts: Timeouts) -> HttpAnswer:
        """Raises HttpClientError when there is no complete answer in time."""
        connection = self._idle_connection(server) or await self._connect(server, timeouts.connect_s)
        try:
            answer = await connection.send(request, timeouts.read_s)
        except BaseException:
            connection.abort()
            raise
        if connection.is_usable:
            self._idle.setdefault(server, []).append(connection)
        else:
            connection.abort()
        return answer

    async def close(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()
        while self._connections:
            await asyncio.sleep(0)

    def _idle_connection(self, server: Server) -> HttpConnection | None:
        """Return the one that was used last, if there is one that the server has not closed or spoken on meanwhile."""
        idle = self._idle.get(server)
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    async def _connect(self, server: Server, limit_s: float) -> HttpConnection:
        made = functools.partial(HttpConnection, keepalive_s=self._keepalive_s, on_end=self._ended)
        tls = _unverified() if server.is_tls else None
        try:
            async with asyncio.timeout(limit_s or None):
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(made, server.host, server.port, ssl=tls)
        except TimeoutError as error:
            raise HttpClientError(f"Timeout: no connection within {limit_s:g} s") from error
        except OSError as error:
            raise HttpClientError(f"{type(error).__name__}: {error}") from error
        if connection.is_usable:
            self._connections[connection] = server
        return connection

    def _ended(self, connection: HttpConnection) -> None:
        server = self._connections.pop(connection, None)
        if server is not None and connection in (idle := self._idle.get(server, [])):
            idle.remove(connection)


@functools.cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
