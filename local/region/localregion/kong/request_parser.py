"""What aiohttp's request handler gets in place of its own parser: requests as nginx reads them.

aiohttp's parsers refuse what nginx takes: other methods, line feeds alone, a doubled Content-Type. After a request that
is refused, or that ends its connection, nothing more is read.
"""

from __future__ import annotations

import asyncio

from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web import RequestPayloadError
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler

from localregion.kong.request.framing import BodyFraming, FramingError
from localregion.kong.request.head import Head, HeadReader

# Of a body that is not read yet; beyond it the client has to wait.
BUFFER_BYTES = 64 * 1024


class RequestParser:
    """One connection's; the methods are those that aiohttp calls."""

    def __init__(self, protocol: RequestHandler, loop: asyncio.AbstractEventLoop) -> None:
        self._protocol = protocol
        self._loop = loop
        self._heads = HeadReader()
        self._body: BodyFraming | None = None
        self._rest = b""
        self._unconsumed = 0
        self._is_over = False

    def feed_data(self, data: bytes) -> tuple[list[tuple[Head, StreamReader]], bool, bytes]:
        """Return the requests that begin in the data; what else aiohttp asks for is about other protocols."""
        found: list[tuple[Head, StreamReader]] = []
        if self._rest:
            data, self._rest = self._rest + data, b""
        while data:
            if self._body is not None:
                data = self._feed_body(self._body, data)
                continue
            if self._is_over:
                break
            if self._unconsumed >= MAX_MSG_QUEUE_SIZE:
                self._rest = data
                break
            head, taken = self._heads.read(data)
            data = data[taken:]
            if head is None:
                self._rest = data
                break
            found.append((head, self._payload(head)))
            self._unconsumed += 1
            self._is_over = not head.keep_alive
        return found, False, b""

    def message_consumed(self) -> None:
        self._unconsumed -= 1

    def pause_reading(self) -> None:
        """Nothing is held back: what was received is with the body's reader already."""

    def _payload(self, head: Head) -> StreamReader:
        if head.refusal is not None or not (head.content_length or head.is_chunked):
            return EMPTY_PAYLOAD
        payload = StreamReader(self._protocol, BUFFER_BYTES, loop=self._loop)
        self._body = BodyFraming(payload, None if head.is_chunked else head.content_length)
        return payload

    def _feed_body(self, body: BodyFraming, data: bytes) -> bytes:
        """Return what stands behind the body."""
        try:
            rest = body.feed(data)
        except FramingError as error:
            # Where a next request would begin is not known. The one at hand, perhaps found just now, is answered first.
            body.payload.set_exception(RequestPayloadError(str(error)))
            body.payload.feed_eof()
            self._body, self._is_over = None, True
            self._loop.call_soon(self._protocol.close)
            return b""
        if body.is_complete:
            self._body = None
        return rest
