"""Read a request's body: only when a plugin asks for it, within a size and a time.

nginx waits 60 s for more of it (`client_body_timeout`). It has no largest size in Kong's defaults, because it spools to
disk; this gateway keeps a body in memory, so it has one.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

BODY_TIMEOUT_S = 60.0
BODY_MAX_BYTES = 10 * 1024 * 1024


class BodyError(Exception):
    """The body cannot be had; the answer is `status` with Kong's words, and the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def read_body(request: web.BaseRequest, *, max_bytes: int, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """Read the whole body. Raises BodyError, or ConnectionError when the client left."""
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > max_bytes:
        raise BodyError(413, "Payload too large")
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.content.is_eof():
        return _whole(request, max_bytes)
    return await _chunks(request, max_bytes, timeout_s)


def _whole(request: web.BaseRequest, max_bytes: int) -> bytes:
    """Return a body that is here already, as small ones are."""
    try:
        body = request.content.read_nowait()
    except web.RequestPayloadError as error:
        raise BodyError(400, "Bad request") from error
    if len(body) > max_bytes:
        raise BodyError(413, "Payload too large")
    return body


async def _chunks(request: web.BaseRequest, max_bytes: int, timeout_s: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await request.content.readany()
        except TimeoutError as error:
            raise BodyError(408, "Request timeout") from error
        except web.RequestPayloadError as error:
            raise BodyError(400, "Bad request") from error
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise BodyError(413, "Payload too large")
