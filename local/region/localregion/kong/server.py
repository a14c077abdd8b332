"""The gateway's HTTP side: aiohttp keeps the connections, the heads of requests are read as nginx reads them.

Requests keep their path and header bytes as sent; broken ones get Kong's answers. A slow or idle client is cut off
after nginx's times. When the gateway stops, running requests have `STOP_TIMEOUT_S` to end.
Leaves out HTTP/2, TLS and trusted proxies: the peer's address is the client's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from aiohttp import StreamReader, web
from aiohttp.helpers import set_exception
from aiohttp.web_protocol import RequestHandler

from localregion.kong.plugin_chain import log
from localregion.kong.request.body import BODY_MAX_BYTES, BODY_TIMEOUT_S, read_body
from localregion.kong.request.errors import UNEXPECTED, nginx_error, nginx_page
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.head import Head
from localregion.kong.request.response import response_bytes
from localregion.kong.request_parser import RequestParser

if TYPE_CHECKING:
    from localregion.kong.config.request_limit import RequestLimit
    from localregion.kong.gateway import Gateway

_LOG = logging.getLogger("gateway")

STOP_TIMEOUT_S = 10.0
# nginx: keepalive_timeout, client_header_timeout is a little less; aiohttp has one for both.
IDLE_TIMEOUT_S = 75.0
LINGER_S = 5.0


class HttpRequest:
    """What aiohttp's request handler has to do with a request."""

    __slots__ = ("_protocol", "_task", "content", "head")

    def __init__(
        self, head: Head, content: StreamReader, protocol: RequestHandler, _writer: Any, task: asyncio.Task[None]
    ) -> None:
        self.head = head
        self.content = content
        self._protocol = protocol
        self._task = task

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._protocol.transport

    @property
    def peer(self) -> tuple[str, int]:
        peer = self._protocol.peername
        return (peer[0], peer[1]) if isinstance(peer, tuple) else ("", 0)

    @property
    def keep_alive(self) -> bool:
        # A client that still waits for `100 Continue` may or may not send its body: what comes next is not known.
        is_read = not self.head.expects_continue or self.content.is_eof()
        return self.head.keep_alive and is_read and self.content.exception() is None

    def _cancel(self, error: BaseException) -> None:
        set_exception(self.content, error)

    def _finish(self) -> None:
        """Nothing is held."""


class WireResponse:
    """A response in the form that aiohttp's request handler sends: bytes, head and body.

    `on_sent` is called once, also when the client is gone.
    """

    def __init__(self, data: bytes, *, keep_alive: bool, on_sent: Callable[[], None] | None = None) -> None:
        self._data = data
        self._on_sent = on_sent
        self.keep_alive = keep_alive

    async def prepare(self, request: HttpRequest) -> None:
        try:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the client left")
            request.transport.write(self._data)
        finally:
            if self._on_sent is not None:
                self._on_sent()

    async def write_eof(self) -> None:
        """Nothing is left to write."""


class GatewayServer(web.Server):
    """aiohttp's server with requests as nginx reads them, and Kong's answers."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        request_limit: RequestLimit | None = None,
        body_max_bytes: int = BODY_MAX_BYTES,
        body_timeout_s: float = BODY_TIMEOUT_S,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        super().__init__(
            self._serve,  # type: ignore[arg-type] # a WireResponse is all that the request handler uses
            request_factory=HttpRequest,  # type: ignore[arg-type] # and of a request, this
            access_log=None,
            keepalive_timeout=idle_timeout_s,
            lingering_time=LINGER_S,
        )
        self._gateway = gateway
        self._request_limit = request_limit
        self._body_max_bytes = body_max_bytes
        self._body_timeout_s = body_timeout_s

    def change_to(self, gateway: Gateway) -> None:
        """Serve requests that come from now on by another configuration."""
        self._gateway = gateway

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    async def _serve(self, request: HttpRequest) -> WireResponse:
        exchange = self._exchange(request)
        if request.head.refusal is not None:
            response = self._gateway.refuse(exchange, *request.head.refusal)
        elif self._request_limit is not None and not self._request_limit.admits(exchange.peer):
            return _wire_response(exchange, nginx_page(429, "Too Many Requests"), keep_alive=request.keep_alive)
        else:
            response = await self._gateway.handle(exchange)
        keep_alive = request.keep_alive and not response.closes
        return _wire_response(exchange, response, keep_alive=keep_alive, on_sent=partial(log, exchange, response))

    def _exchange(self, request: HttpRequest) -> Exchange:
        head, (peer, port) = request.head, request.peer

        async def read() -> bytes:
            return await read_body(
                head,
                request.content,
                request.transport,
                max_bytes=self._body_max_bytes,
                timeout_s=self._body_timeout_s,
            )

        return _exchange_of(head, peer, port, read)


class _Connection(RequestHandler):
    """One client's connection."""

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **options: Any) -> None:
        super().__init__(manager, loop=loop, **options)
        self._parser = RequestParser(self, loop)  # type: ignore[assignment] # it has what is called of a parser

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer a request that this gateway failed at; the connection is closed, by the client perhaps."""
        if not isinstance(exc, ConnectionError):
            _LOG.error("unexpected error", exc_info=exc)
        head = cast("HttpRequest", request).head
        exchange = _exchange_of(head, "", 0, _no_body)
        response = nginx_error(exchange, 500, UNEXPECTED)
        return cast("web.StreamResponse", _wire_response(exchange, response, keep_alive=False))


async def _no_body() -> bytes:
    return b""


def _exchange_of(head: Head, peer: str, port: int, read: Callable[[], Awaitable[bytes]]) -> Exchange:
    return Exchange(
        method=head.method,
        target=head.target,
        http_version=head.http_version,
        headers=head.headers,
        host=head.host,
        peer=peer,
        peer_port=port,
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
