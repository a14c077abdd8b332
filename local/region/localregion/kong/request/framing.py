"""Find the end of a body: by its length, or by chunks as nginx reads them (`ngx_http_parse_chunked`).

A chunk's extension and the trailer are read and dropped. What is no chunk is refused, and so is a size that nginx could
not count: nothing behind it may be taken for a request.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from localregion.kong.request.body_stream import BodyStream
from localregion.kong.request.head import LINE_MAX_BYTES

_SIZE = re.compile(rb"([0-9A-Fa-f]+)(?:[;\t ][^\r\n]*)?\r?\n")
_TRAILER = re.compile(rb"[^\r\n]*\r?\n")
# What nginx can count: it looks before it takes another digit.
_CHUNK_MAX_BYTES = (2**63 - 1) // 16
# Ours: nginx reads a trailer of any length.
_TRAILER_MAX_BYTES = 32 * 1024
_ENDS = (b"\r\n", b"\n")


class FramingError(Exception):
    """The body's chunks are none."""


class _Expects(Enum):
    SIZE = auto()
    DATA = auto()
    END_OF_CHUNK = auto()
    TRAILER = auto()
    NOTHING = auto()


class BodyFraming:
    """Hands one body on to its reader."""

    def __init__(self, stream: BodyStream, length: int | None) -> None:
        """`length` is None for chunks."""
        self.stream = stream
        self._is_chunked = length is None
        self._expects = _Expects.SIZE if length is None else _Expects.DATA
        self._left = length or 0
        self._line = b""
        self._trailer_bytes = 0

    @property
    def is_complete(self) -> bool:
        return self._expects is _Expects.NOTHING

    def feed(self, data: bytes) -> bytes:
        """Return what stands behind the body. Raises FramingError."""
        data, self._line = self._line + data, b""
        start = 0
        while start < len(data) and not self.is_complete:
            if self._expects is _Expects.DATA:
                start = self._take_data(data, start)
                continue
            end = data.find(b"\n", start) + 1
            if (end or len(data)) - start > LINE_MAX_BYTES:
                raise FramingError("a line is too long")
            if not end:
                self._line = data[start:]
                return b""
            self._take_line(data[start:end])
            start = end
        return data[start:]

    def _take_data(self, data: bytes, start: int) -> int:
        taken = data[start : start + self._left]
        self._left -= len(taken)
        self.stream.feed(taken)
        if not self._left:
            self._expects = _Expects.END_OF_CHUNK
            if not self._is_chunked:
                self._complete()
        return start + len(taken)

    def _take_line(self, line: bytes) -> None:
        if self._expects is _Expects.END_OF_CHUNK:
            if line not in _ENDS:
                raise FramingError("a chunk is longer than its size")
            self._expects = _Expects.SIZE
        elif self._expects is _Expects.SIZE:
            self._take_size(line)
        elif line in _ENDS:
            self._complete()
        else:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > _TRAILER_MAX_BYTES or not _TRAILER.fullmatch(line):
                raise FramingError("the trailer is none")

    def _take_size(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None or (size := int(found[1], 16)) > _CHUNK_MAX_BYTES:
            raise FramingError("a chunk has no size")
        self._left = size
        self._expects = _Expects.DATA if self._left else _Expects.TRAILER

    def _complete(self) -> None:
        self._expects = _Expects.NOTHING
        self.stream.finish()
