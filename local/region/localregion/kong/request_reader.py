"""The requests of one connection, out of its bytes, as nginx reads them: one after the other.

What stands behind a request waits until that one is answered. After one that is refused, or that ends its connection,
nothing more is read.
"""

from __future__ import annotations

from localregion.kong.request.body_stream import BodyStream, BrokenBodyError, Flow
from localregion.kong.request.framing import BodyFraming, FramingError
from localregion.kong.request.head import Head, HeadReader


class RequestReader:
    """Keeps what is not read yet."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._heads = HeadReader()
        self._body: BodyFraming | None = None
        self._rest = b""
        self._is_over = False

    @property
    def holds(self) -> bool:
        """Whether there is something that was not read."""
        return bool(self._rest)

    def read(self, data: bytes, *, is_busy: bool) -> tuple[Head, BodyStream | None] | None:
        """Feed the body at hand; return the next request that begins, none while the connection `is_busy` with one."""
        found = None
        if self._rest:
            data, self._rest = self._rest + data, b""
        while data:
            if self._body is not None:
                data = self._feed(self._body, data)
                continue
            if self._is_over:
                break
            if found or is_busy:
                self._rest = data
                break
            head, taken = self._heads.read(data)
            data = data[taken:]
            if head is None:
                self._rest = data
                break
            found = head, self._begun(head)
            self._is_over = not head.keep_alive
        return found

    def _begun(self, head: Head) -> BodyStream | None:
        if head.refusal is not None or not (head.content_length or head.is_chunked):
            return None
        stream = BodyStream(self._flow)
        self._body = BodyFraming(stream, None if head.is_chunked else head.content_length)
        return stream

    def _feed(self, body: BodyFraming, data: bytes) -> bytes:
        """Return what stands behind the body."""
        try:
            rest = body.feed(data)
        except FramingError as error:
            # Where a next request would begin is not known.
            body.stream.fail(BrokenBodyError(str(error)))
            self._body, self._is_over = None, True
            return b""
        if body.is_complete:
            self._body = None
        return rest
