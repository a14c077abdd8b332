"""The gateway's HTTP side: requests as nginx reads them, Kong's answers, on connections of our own (decision 11).

Requests keep their path and header bytes as sent; broken ones get Kong's answers. When the gateway stops, running
requests have `STOP_TIMEOUT_S` to end. Leaves out HTTP/2, TLS and trusted proxies: the peer's address is the client's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from localregion.kong.connection import IDLE_TIMEOUT_S, Connection, WireRequest, WireResponse
from localregion.kong.plugin_chain import log
from localregion.kong.request.body import BODY_MAX_BYTES, BODY_TIMEOUT_S, read_body
from localregion.kong.request.errors import UNEXPECTED, nginx_error, nginx_page
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.head import Head
from localregion.kong.request.response import response_bytes

if TYPE_CHECKING:
    from localregion.kong.config.request_limit import RequestLimit
    from localregion.kong.gateway import Gateway

_LOG = logging.getLogger("gateway")

STOP_TIMEOUT_S = 10.0


class GatewayServer:
    """Makes the protocols of the clients' connections.

    Each request is answered by what `gateway` is when its head has been read.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        request_limit: RequestLimit | None = None,
        body_max_bytes: int = BODY_MAX_BYTES,
        body_timeout_s: float = BODY_TIMEOUT_S,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        self.gateway = gateway
        self.connections: set[Connection] = set()
        self.is_stopping = False
        self.idle_timeout_s = idle_timeout_s
        self._request_limit = request_limit
        self._body_max_bytes = body_max_bytes
        self._body_timeout_s = body_timeout_s

    def __call__(self) -> Connection:
        return Connection(self)

    async def respond(self, request: WireRequest) -> WireResponse:
        """Answer a request, also one that this gateway fails at; that ends the connection, by the client perhaps."""
        try:
            return await self._respond(request)
        except Exception as error:
            if not isinstance(error, ConnectionError):
                _LOG.error("unexpected error", exc_info=error)
            exchange = _exchange_of(request.head, ("", 0), _no_body)
            return _wire_response(exchange, nginx_error(exchange, 500, UNEXPECTED), keep_alive=False)

    async def shutdown(self, limit_s: float) -> None:
        """End all connections; requests that run have that long to end."""
        self.is_stopping = True
        for connection in tuple(self.connections):
            connection.stop()
        if running := [connection.task for connection in self.connections if connection.task is not None]:
            _, late = await asyncio.wait(running, timeout=limit_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _respond(self, request: WireRequest) -> WireResponse:
        read = partial(
            read_body,
            request.head,
            request.body,
            request.transport,
            max_bytes=self._body_max_bytes,
            timeout_s=self._body_timeout_s,
        )
        exchange = _exchange_of(request.head, request.peer, read)
        if request.head.refusal is not None:
            response = self.gateway.refuse(exchange, *request.head.refusal)
        elif self._request_limit is not None and not self._request_limit.admits(exchange.peer):
            return _wire_response(exchange, nginx_page(429, "Too Many Requests"), keep_alive=request.keep_alive)
        else:
            response = await self.gateway.handle(exchange)
        keep_alive = request.keep_alive and not response.closes
        return _wire_response(exchange, response, keep_alive=keep_alive, on_sent=partial(log, exchange, response))


async def _no_body() -> bytes:
    return b""


def _exchange_of(head: Head, peer: tuple[str, int], read: Callable[[], Awaitable[bytes]]) -> Exchange:
    return Exchange(
        method=head.method,
        target=head.target,
        http_version=head.http_version,
        headers=head.headers,
        host=head.host,
        peer=peer[0],
        peer_port=peer[1],
        read_body=read,
    )


def _wire_response(
    exchange: Exchange, response: Response, *, keep_alive: bool, on_sent: Callable[[], None] | None = None
) -> WireResponse:
    if response.status < 200:
        # Kong lets the client wait for ever after a function's statusCode of 1xx; closing says it sooner.
        return WireResponse(b"", keep_alive=False, on_sent=on_sent)
    elapsed_ns = time.perf_counter_ns() - exchange.started_ns - exchange.waited_ns
    data = response_bytes(
        response,
        request_id=exchange.request_id,
        latency_ms=elapsed_ns // 1_000_000,
        keep_alive=keep_alive,
        with_body=exchange.method != "HEAD",
    )
    return WireResponse(data, keep_alive=keep_alive, on_sent=on_sent)
