"""Read the head of a request, line by line, as nginx under Kong does (`ngx_http_parse_header_line`).

Lines may end with a line feed alone. A name with a character other than letters, digits, `-` and `_` is dropped with
its value; a name without a colon has an empty one. Names that nginx wants once are refused when they come twice. So is
every doubt about where the body ends: two lengths, a length beside chunks, another coding than chunks.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from localregion.kong.request.host import NO_HOST, checked_host
from localregion.kong.request.request_line import BAD_REQUEST, HeadError, parse_request_line

URI_TOO_LONG = (414, "URI too long")
TOO_LARGE = (400, "Request header or cookie too large")
NOT_ALLOWED = (405, "Method not allowed")
NOT_IMPLEMENTED = (501, "Not Implemented")
# nginx: client_header_buffer_size and large_client_header_buffers. A line has to fit into what is left of a buffer, or
# begins the next one.
_FIRST_BUFFER_BYTES = 1024
LINE_MAX_BYTES = 8 * 1024
_BUFFERS_MAX = 4
# Ours, to bound what is held.
LINES_MAX = 1000
# Beyond this nginx cannot count; a longer body is refused anyway.
_LENGTH_MAX = 2**63 - 1

_HEADER = re.compile(r"(?:([A-Za-z0-9_-]+)|[^\x00-\x20\x7f:]+)(?::([^\x00\r\n]*))?\r*\n")
_LENGTH = re.compile(r"[0-9]+")
_BROKEN_END = re.compile(rb"\0|\r[^\r\n]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_UNIQUE = frozenset(
    {
        "host",
        "if-modified-since",
        "if-unmodified-since",
        "if-match",
        "if-none-match",
        "content-length",
        "content-range",
        "if-range",
        "transfer-encoding",
        "expect",
        "authorization",
    }
)
_WITH_MEANING = _UNIQUE | {"connection"}


@dataclass(slots=True)
class Head:
    """Header names in lower case, one character per byte. With a `refusal` the rest is what came before it."""

    method: str = "GET"
    target: str = ""
    http_version: tuple[int, int] = (1, 1)
    host: str = NO_HOST
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_length: int = 0
    is_chunked: bool = False
    keep_alive: bool = False
    expects_continue: bool = False
    refusal: tuple[int, str] | None = None


class HeadReader:
    """Reads one head after the other from a connection's bytes."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._head = Head()
        self._has_line = False
        self._is_absolute = False
        self._room = _FIRST_BUFFER_BYTES
        self._buffers = 0
        self._unique: dict[str, str] = {}

    def read(self, data: bytes, start: int = 0) -> tuple[Head | None, int]:
        """Take whole lines; return the head once it is complete or refused, and where what was not taken begins."""
        try:
            end = data.find(b"\r\n\r\n", start, start + _FIRST_BUFFER_BYTES)
            if end > start and not self._has_line and self._take_whole(data[start:end].decode("latin-1")):
                head = self._head
                self._begin()
                return head, end + 4
            while end := data.find(b"\n", start) + 1:
                line = data[start:end]
                start = end
                if self._take(line):
                    head = self._head
                    self._begin()
                    return head, start
            self._check_start(data, start)
        except HeadError as error:
            self._head.refusal = error.answer
            self._head.keep_alive = False
            return self._head, len(data)
        return None, start

    def _take_whole(self, text: str) -> bool:
        """Take a small head that is here at once, as most are, at half the cost. False, and nothing taken, when odd."""
        lines = text.split("\r\n")
        if text[0] in "\r\n" or "\0" in text or not text.count("\r") == text.count("\n") == len(lines) - 1:
            return False
        self._take_request_line(lines[0])
        headers = self._head.headers
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            lower = _plain_name(name)
            if lower is None or not colon:
                self._take_header(f"{line}\n")
                continue
            value = value.strip(" ")
            if lower in _WITH_MEANING:
                self._take_meaning(lower, value)
            headers.append((lower, value))
        self._complete()
        return True

    def _check_start(self, data: bytes, start: int) -> None:
        """Refuse a line that cannot become a good one: its end may never come."""
        if len(data) - start > LINE_MAX_BYTES:
            raise HeadError(*(TOO_LARGE if self._has_line else URI_TOO_LONG))
        first = data[start : start + 1]
        if first and not self._has_line and not (b"A" <= first <= b"Z" or first in b"_-\r"):
            raise HeadError(*BAD_REQUEST)
        if self._has_line and _BROKEN_END.search(data, start):
            raise HeadError(*BAD_REQUEST)

    def _take(self, line: bytes) -> bool:
        """Take a line with its end; True for the last one of a head."""
        self._hold(len(line))
        if not self._has_line:
            self._take_request_line(line.decode("latin-1").lstrip("\r\n"))
            return False
        if line in (b"\r\n", b"\n"):
            self._complete()
            return True
        if len(self._head.headers) >= LINES_MAX:
            raise HeadError(*TOO_LARGE)
        self._take_header(line.decode("latin-1"))
        return False

    def _hold(self, size: int) -> None:
        """Find room for a line, as nginx does."""
        self._room -= size
        if self._room < 0:
            self._buffers += 1
            self._room = LINE_MAX_BYTES - size
            if self._room < 0 or self._buffers > _BUFFERS_MAX:
                raise HeadError(*(TOO_LARGE if self._has_line else URI_TOO_LONG))

    def _take_request_line(self, line: str) -> None:
        if not line:
            return
        head = self._head
        head.method, head.target, host, head.http_version = parse_request_line(line)
        head.keep_alive = head.http_version > (1, 0)
        if host is not None:
            head.host, self._is_absolute = host, True
        self._has_line = True

    def _take_header(self, line: str) -> None:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise HeadError(*BAD_REQUEST)
        name, value = found.groups()
        if name is None:
            return
        name, value = name.lower(), (value or "").strip(" ")
        if name in _WITH_MEANING:
            self._take_meaning(name, value)
        self._head.headers.append((name, value))

    def _take_meaning(self, name: str, value: str) -> None:
        if name == "connection":
            # For parity: nginx looks for the words anywhere in the value.
            lower = value.lower()
            if "close" in lower:
                self._head.keep_alive = False
            elif "keep-alive" in lower:
                self._head.keep_alive = True
            return
        if name in self._unique:
            raise HeadError(*BAD_REQUEST)
        self._unique[name] = value
        if name == "host":
            host = checked_host(value)
            if host is None:
                raise HeadError(*BAD_REQUEST)
            if not self._is_absolute:
                self._head.host = host

    def _complete(self) -> None:
        """Check the head as a whole, in nginx's order (`ngx_http_process_request_header`)."""
        head, unique = self._head, self._unique
        if "host" not in unique and head.http_version > (1, 0):
            raise HeadError(*BAD_REQUEST)
        if (length := unique.get("content-length")) is not None:
            if not _LENGTH.fullmatch(length) or len(length.lstrip("0")) > 19 or int(length) > _LENGTH_MAX:
                raise HeadError(*BAD_REQUEST)
            head.content_length = int(length)
        if (coding := unique.get("transfer-encoding")) is not None:
            if head.http_version <= (1, 0) or (coding.lower() == "chunked" and length is not None):
                raise HeadError(*BAD_REQUEST)
            if coding.lower() != "chunked":
                raise HeadError(*NOT_IMPLEMENTED)
            head.is_chunked = True
        if head.method in ("CONNECT", "TRACE"):
            raise HeadError(*NOT_ALLOWED)
        head.expects_continue = unique.get("expect", "").lower() == "100-continue" and head.http_version > (1, 0)


@functools.lru_cache(maxsize=1024)
def _plain_name(name: str) -> str | None:
    return name.lower() if _PLAIN_NAME.fullmatch(name) else None
