"""One request on its way through the gateway, and the answer to it.

Text holds one character per byte (latin-1) wherever it comes from the client: nginx passes bytes on without looking at
them, and so does the event.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localregion.kong.request.host import host_name
from localregion.kong.request.query import QueryArguments, parse_query

if TYPE_CHECKING:
    from localregion.kong.config.configuration import Consumer, Credential, Route
    from localregion.kong.request.router import Match

# Kong's PDK reads at most this many header lines and query arguments; the rest is not there for a plugin.
HEADERS_MAX = 100
# For parity: HTTP/1.0 is "HTTP/1", and a later one than 1.1 has no name.
_PROTOCOLS = {(1, 0): "HTTP/1", (1, 1): "HTTP/1.1"}


@dataclass(slots=True)
class Response:
    """What the client gets, before the gateway's own headers."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    # Kong says so on a response that a plugin answered in an upstream's place.
    via: bool = False
    # A 204 of the Invoke API itself goes on without one, unlike a function's.
    has_length: bool = True
    # The connection cannot be used again: where the next request begins is not known.
    closes: bool = False

    def set_header(self, name: str, value: str) -> None:
        """Replace a header; names are compared without regard to case."""
        self.remove_header(name)
        self.headers.append((name, value))

    def remove_header(self, name: str) -> None:
        lower = name.lower()
        self.headers = [header for header in self.headers if header[0].lower() != lower]


class Exchange:
    """The request as plugins see and change it. One per request."""

    __slots__ = (
        "_body",
        "_query",
        "consumer",
        "credential",
        "headers",
        "host",
        "http_version",
        "log_phases",
        "match",
        "method",
        "path",
        "peer",
        "peer_port",
        "plugin_context",
        "query_string",
        "read_body",
        "request_id",
        "response_headers",
        "started_ns",
        "target",
        "waited_ns",
    )

    # Set once a route matched.
    match: Match
    consumer: Consumer | None
    credential: Credential | None

    def __init__(
        self,
        *,
        method: str,
        target: str,
        http_version: tuple[int, int],
        headers: list[tuple[str, str]],
        host: str | None = None,
        peer: str,
        peer_port: int = 0,
        read_body: Callable[[], Awaitable[bytes]],
    ) -> None:
        self.method = method
        self.target = target
        self.path, _, query = target.partition("?")
        # The path keeps a fragment and the query loses it, as in nginx's variables.
        self.query_string = "" if "#" in self.path else query.partition("#")[0]
        self.http_version = http_version
        # Names in lower case, in the client's order, a repeated header as often as it was sent.
        self.headers = headers
        # nginx's `$host`: that of an absolute target, else the header's.
        self.host = host or host_name(self.header("host"))
        self.peer = peer
        self.peer_port = peer_port
        self.read_body = read_body
        self.request_id = os.urandom(16).hex()
        self.started_ns = time.perf_counter_ns()
        self.waited_ns = 0
        self.consumer = None
        self.credential = None
        # What plugins want on the response before there is one; the response's own headers win.
        self.response_headers: dict[str, str] = {}
        # What a plugin keeps from one phase to the next, by the plugin's name.
        self.plugin_context: dict[str, Any] = {}
        # The log phases of the plugins that have to do with the request, in their order.
        self.log_phases: list[Callable[[Exchange, Response], None]] = []
        self._query: QueryArguments | None = None
        self._body: bytes | None = None

    @property
    def query(self) -> QueryArguments:
        if self._query is None:
            self._query = parse_query(self.query_string, HEADERS_MAX) if self.query_string else {}
        return self._query

    @property
    def protocol(self) -> str | None:
        return _PROTOCOLS.get(self.http_version)

    @property
    def route(self) -> Route | None:
        match: Match | None = getattr(self, "match", None)
        return match.route if match else None

    async def body(self) -> bytes:
        """Read the body, once."""
        if self._body is None:
            self._body = await self.read_body()
        return self._body

    def header(self, name: str) -> str | None:
        """Return the first value of a header whose name is given in lower case."""
        for header, value in self.headers:
            if header == name:
                return value
        return None

    def header_values(self, name: str) -> list[str]:
        return [value for header, value in self.headers[:HEADERS_MAX] if header == name]

    def rewrite_header(self, name: str, value: str) -> None:
        """Give a header another value where it stands, as ngx.req.set_header does; further ones of its name go."""
        first = next(number for number, header in enumerate(self.headers) if header[0] == name)
        self.headers = [header for number, header in enumerate(self.headers) if header[0] != name or number == first]
        self.headers[first] = (name, value)

    def replace_headers(self, replacements: dict[str, str | None]) -> None:
        """Remove these headers, also the client's own, and add those that have a value."""
        kept = [header for header in self.headers if header[0] not in replacements]
        kept += [(name, value) for name, value in replacements.items() if value is not None]
        self.headers = kept
