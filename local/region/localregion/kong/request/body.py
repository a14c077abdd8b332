"""Read a request's body: only when a plugin asks for it, within a size and a time.

nginx waits 60 s for more of it (`client_body_timeout`). It has no largest size in Kong's defaults, because it spools to
disk; this gateway keeps a body in memory, so it has one.
"""

from __future__ import annotations

import asyncio

from localregion.kong.request.body_stream import BodyStream, BrokenBodyError
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
    head: Head, stream: BodyStream | None, transport: asyncio.WriteTransport, *, max_bytes: int, timeout_s: float
) -> bytes:
    """Read the whole body. Raises BodyError, or ConnectionError when the client left."""
    if stream is None:
        return b""
    if head.content_length > max_bytes:
        raise BodyError(413, "Payload too large")
    if head.expects_continue:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if stream.is_complete:
        return _whole(stream, max_bytes)
    return await _chunks(stream, max_bytes, timeout_s)


def _whole(stream: BodyStream, max_bytes: int) -> bytes:
    """Return a body that is here already, as small ones are."""
    try:
        body = stream.take()
    except BrokenBodyError as error:
        raise BodyError(400, "Bad request") from error
    if len(body) > max_bytes:
        raise BodyError(413, "Payload too large")
    return body


async def _chunks(stream: BodyStream, max_bytes: int, timeout_s: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await stream.more()
        except TimeoutError as error:
            raise BodyError(408, "Request timeout") from error
        except BrokenBodyError as error:
            raise BodyError(400, "Bad request") from error
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise BodyError(413, "Payload too large")
