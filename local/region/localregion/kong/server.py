"""The gateway's HTTP side: aiohttp reads requests, and every byte of a response is ours.

Requests keep their path and header bytes as sent; broken ones get Kong's answers. A slow or idle client is cut off
after nginx's times. When the gateway stops, running requests have `STOP_TIMEOUT_S` to end.
Leaves out HTTP/2, TLS and trusted proxies: the peer's address is the client's.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from localregion.kong.plugin_chain import log
from localregion.kong.request.body import BODY_MAX_BYTES, BODY_TIMEOUT_S, BodyError, read_body
from localregion.kong.request.errors import PLAIN, error_response, too_many_requests
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.response import response_bytes

if TYPE_CHECKING:
    from localregion.kong.config.request_limit import RequestLimit
    from localregion.kong.gateway import Gateway

STOP_TIMEOUT_S = 10.0
TOO_LARGE = "Request header or cookie too large"
# nginx: keepalive_timeout, client_header_timeout is a little less; aiohttp has one for both.
IDLE_TIMEOUT_S = 75.0
LINGER_S = 5.0
# nginx: large_client_header_buffers, one line and all of them; the number is ours, to bound what is held meanwhile.
LINE_MAX_BYTES = 8 * 1024
HEAD_MAX_BYTES = 32 * 1024
HEAD_MAX_LINES = 1000


class WireResponse:
    """A response in the form that aiohttp's request handler sends: bytes, head and body.

    `on_sent` is called once, also when the client is gone.
    """

    def __init__(self, data: bytes, *, keep_alive: bool, on_sent: Callable[[], None] | None = None) -> None:
        self._data = data
        self._on_sent = on_sent
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
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
    """aiohttp's server with Kong's answers to requests that are no HTTP."""

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
            access_log=None,
            keepalive_timeout=idle_timeout_s,
            lingering_time=LINGER_S,
            max_line_size=LINE_MAX_BYTES,
            max_field_size=LINE_MAX_BYTES,
            max_headers=HEAD_MAX_LINES,
            auto_decompress=False,
        )
        self._gateway = gateway
        self._request_limit = request_limit
        self._body_max_bytes = body_max_bytes
        self._body_timeout_s = body_timeout_s

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    async def _serve(self, request: web.BaseRequest) -> WireResponse:
        read = partial(read_body, request, max_bytes=self._body_max_bytes, timeout_s=self._body_timeout_s)
        exchange = _exchange(request, read)
        refusal = _refusal(exchange)
        if refusal is not None:
            return _wire_response(exchange, refusal, keep_alive=False)
        if self._request_limit is not None and not self._request_limit.admits(exchange.peer):
            return _wire_response(exchange, too_many_requests(), keep_alive=_keep_alive(request))
        try:
            response = await self._gateway.handle(exchange)
        except BodyError as error:
            response = error_response(exchange, error.status, error.message, default=PLAIN)
            return _wire_response(exchange, response, keep_alive=False, on_sent=partial(log, exchange, response))
        keep_alive = _keep_alive(request)
        return _wire_response(exchange, response, keep_alive=keep_alive, on_sent=partial(log, exchange, response))


class _Connection(RequestHandler):
    """One client's connection."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP in Kong's words instead of aiohttp's; the connection is closed."""
        exchange = _exchange(request, _no_body)
        reason = TOO_LARGE if isinstance(exc, LineTooLong) else "Bad request"
        response = error_response(exchange, 400, reason, default=PLAIN)
        return cast(web.StreamResponse, _wire_response(exchange, response, keep_alive=False))


async def _no_body() -> bytes:
    return b""


def _exchange(request: web.BaseRequest, read: Callable[[], Awaitable[bytes]]) -> Exchange:
    message = request._message
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return Exchange(
        method=message.method,
        # aiohttp keeps bytes that are no ASCII as surrogates.
        target=message.path.encode(errors="surrogateescape").decode("latin-1"),
        http_version=(message.version.major, message.version.minor),
        headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.raw_headers],
        peer=peer[0] if peer else "",
        peer_port=peer[1] if peer else 0,
        read_body=read,
    )


def _refusal(exchange: Exchange) -> Response | None:
    refused = _refused(exchange)
    return error_response(exchange, *refused, default=PLAIN) if refused else None


def _refused(exchange: Exchange) -> tuple[int, str] | None:
    """Return status and message of what nginx refuses before Kong sees it."""
    hosts = sum(1 for name, _ in exchange.headers if name == "host")
    if hosts > 1 or (hosts == 0 and exchange.http_version >= (1, 1)) or not exchange.path.startswith("/"):
        return 400, "Bad request"
    if exchange.http_version[0] != 1:
        return 505, "HTTP version not supported"
    if sum(len(name) + len(value) + 4 for name, value in exchange.headers) > HEAD_MAX_BYTES:
        return 400, TOO_LARGE
    encoding = exchange.header("transfer-encoding")
    if encoding is not None and exchange.http_version == (1, 0):
        return 400, "Bad request"
    if encoding is not None and encoding.lower() != "chunked":
        return 501, "Not implemented"
    return (405, "Method not allowed") if exchange.method in ("TRACE", "CONNECT") else None


def _keep_alive(request: web.BaseRequest) -> bool:
    # A client that still waits for `100 Continue` may or may not send its body: the connection cannot be used again.
    waiting = "Expect" in request.headers and request.can_read_body and not request.content.is_eof()
    return request.keep_alive and not waiting


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
