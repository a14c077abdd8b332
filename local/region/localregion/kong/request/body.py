"""Read a request's body: only when a plugin asks for it, within a size and a time.

nginx waits 60 s for more of it (`client_body_timeout`). It has no largest size in Kong's defaults, because it spools to
disk; this gateway keeps a body in memory, so it has one.
"""

from __future__ import annotations

import asyncio

from aiohttp import StreamReader, web
from aiohttp.streams import EMPTY_PAYLOAD

from localregion.kong.request.head import Head

BODY_TIMEOUT_S = 60.0
BODY_MAX_BYTES = 10 * 1024 * 1024


class BodyError(Exception):
    """The body cannot be had; the answer is `status` with Kong's words, and the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def read_body(
    head: Head, content: StreamReader, transport: asyncio.WriteTransport | None, *, max_bytes: int, timeout_s: float
) -> bytes:
    """Read the whole body. Raises BodyError, or ConnectionError when the client left."""
    if content is EMPTY_PAYLOAD:
        return b""
    if head.content_length > max_bytes:
        raise BodyError(413, "Payload too large")
    if head.expects_continue and transport is not None:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if content.is_eof():
        return _whole(content, max_bytes)
    return await _chunks(content, max_bytes, timeout_s)


def _whole(content: StreamReader, max_bytes: int) -> bytes:
    """Return a body that is here already, as small ones are."""
    try:
        body = content.read_nowait()
    except web.RequestPayloadError as error:
        raise BodyError(400, "Bad request") from error
    if len(body) > max_bytes:
        raise BodyError(413, "Payload too large")
    return body


async def _chunks(content: StreamReader, max_bytes: int, timeout_s: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await content.readany()
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
