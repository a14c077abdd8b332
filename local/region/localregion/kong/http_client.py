"""Requests that are ready as bytes, over the connections, the pool and the parser of aiohttp's client.

Exactly one attempt per request, even if it fails: a second one could do a thing twice. Connecting and every wait for
bytes are bounded. Certificates are not verified, as in Kong. Left out: redirects, cookies, compression, proxies.
`aiohttp.ClientSession` stays out: it makes a request of the gateway cost half as much again (decision 11).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import ClientError, ClientRequest, ClientTimeout, ServerDisconnectedError, TCPConnector
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

# Of an answer's head: more than AWS sends, where aiohttp would refuse what Kong takes.
_LINE_MAX_BYTES = 64 * 1024
_HEADERS_MAX = 1000


class HttpClientError(Exception):
    """There is no complete answer."""


class Server(NamedTuple):
    host: str
    port: int
    is_tls: bool = False


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
        self._connector: TCPConnector | None = None
        self._destinations: dict[Server, ClientRequest] = {}

    async def send(self, server: Server, request: bytes, timeout: ClientTimeout) -> HttpAnswer:
        """Of `timeout`, `connect` and `sock_read` count, 0 is no limit.

        Raises HttpClientError when there is no complete answer in time.
        """
        try:
            connection = await self._connection(server, timeout)
            try:
                answer = await _exchange(connection, request, timeout)
            except BaseException:
                # Closing would wait until a server that reads nothing has the rest of the request.
                if connection.transport is not None:
                    connection.transport.abort()
                connection.close()
                raise
            connection.release()
        except (ClientError, HttpProcessingError, OSError) as error:
            # In one line: the parser draws a picture of what is no HTTP.
            raise HttpClientError(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
        return answer

    async def close(self) -> None:
        if self._connector is not None:
            await self._connector.close(abort_ssl=True)

    async def _connection(self, server: Server, timeout: ClientTimeout) -> Connection:
        if self._connector is None:
            self._connector = TCPConnector(limit=0, keepalive_timeout=self._keepalive_s)
        destination = self._destinations.get(server) or self._add_destination(server)
        while True:
            connection = await self._connector.connect(destination, [], timeout)
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            # It said something unasked while it was idle: that must not become the answer to this request.
            connection.close()

    def _add_destination(self, server: Server) -> ClientRequest:
        url = URL.build(scheme="https" if server.is_tls else "http", host=server.host, port=server.port)
        request = ClientRequest("POST", url, loop=asyncio.get_running_loop(), ssl=False)
        return self._destinations.setdefault(server, request)


async def _exchange(connection: Connection, request: bytes, timeout: ClientTimeout) -> HttpAnswer:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise ServerDisconnectedError
    protocol.set_response_params(
        read_until_eof=True,
        auto_decompress=False,
        read_timeout=timeout.sock_read,
        max_line_size=_LINE_MAX_BYTES,
        max_field_size=_LINE_MAX_BYTES,
        max_headers=_HEADERS_MAX,
    )
    transport.write(request)
    protocol.start_timeout()
    message, payload = await protocol.read()
    while message.code < 200:
        if message.upgrade:
            raise HttpClientError("the server changes the protocol")
        message, payload = await protocol.read()
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.raw_headers]
    # Most bodies came with their head: one that is whole is not waited for, which costs less.
    body = payload.read_nowait() if payload.is_eof() else await payload.read()
    return HttpAnswer(message.code, headers, body)
