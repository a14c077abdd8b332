"""A request while it comes in, in the pieces that httptools' parser hands over."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

import httptools

from localregion.aws.http.exchange import Request


class Incoming:
    """From its first octet on. Of a body beyond `limit`, and of headers behind a body, nothing is kept."""

    __slots__ = (
        "_chunks",
        "_method",
        "_query",
        "_raw_path",
        "_size",
        "_url",
        "expects_continue",
        "has_head",
        "headers",
        "is_open",
        "keep_alive",
        "limit",
        "path",
    )

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.has_head = self.keep_alive = self.expects_continue = False
        self.headers: dict[bytes, bytes] = {}
        self.path = ""
        self.limit = 0
        self._url = self._method = self._raw_path = self._query = b""
        self._chunks: list[bytes] = []
        self._size = 0

    def take_url(self, url: bytes) -> None:
        self._url += url

    def take_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:
            self.headers[name.lower()] = value

    def take_head(self, method: bytes) -> None:
        """Raises HttpParserInvalidURLError."""
        url = httptools.parse_url(self._url)
        self._method, self._raw_path, self._query = method, url.path, url.query or b""
        path = url.path.decode("ascii")
        self.path = unquote(path) if "%" in path else path
        self.has_head = True

    def take_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= self.limit:
            self._chunks.append(body)
        else:
            self._chunks.clear()

    def request(self) -> Request:
        """Return the whole request; it is not open any more."""
        self.is_open = self.expects_continue = False
        query = self._query.decode("latin-1")
        parameters = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        target = self._raw_path.decode("latin-1")
        return Request(
            self._method.decode("ascii"),
            self.path,
            parameters,
            self.headers,
            b"".join(self._chunks),
            self._size,
            f"{target}?{query}" if query else target,
        )
