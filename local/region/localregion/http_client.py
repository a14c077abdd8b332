"""Blocking HTTP requests to the parts of a system on this machine: JSON in and out, one time-out for the whole call.

`http_proxy` of the environment means nothing here, and no redirect is followed. Standard library only: importing httpx
or requests would take most of the time that a command needs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30.0


class HttpError(Exception):
    """There was no answer (`status` is None), or one that is no success or no JSON."""

    def __init__(self, request: str, reason: str, *, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(f"{request}: {reason}")
        self.reason = reason
        self.status = status
        self.body = body


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever its status; the names of `headers` are lower case."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body, None when it is empty. Raises HttpError."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as error:
            raise HttpError(self.request, f"no JSON: {error}", status=self.status, body=self.body) from error

    def expect_success(self) -> Answer:
        """Return itself. Raises HttpError unless the status is one of success."""
        if 200 <= self.status < 300:
            return self
        reason = f"{self.status} {self.body.decode(errors='replace')}".strip()
        raise HttpError(self.request, reason, status=self.status, body=self.body)


class HttpClient:
    """One connection to `http://host:port`, opened by the first request and kept for the next; for one thread."""

    def __init__(self, origin: str, *, timeout_s: float = TIMEOUT_S) -> None:
        address = urlsplit(origin)
        self._origin = origin
        self._timeout_s = timeout_s
        self._connection = _Connection(address.hostname or "", address.port)

    def request(
        self, method: str, path: str, document: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer, whatever its status; `document` is sent as JSON, bytes as they are.

        Raises HttpError without an answer.
        """
        body = document if document is None or isinstance(document, bytes) else json.dumps(document).encode()
        content_type = {} if body is None else {"Content-Type": "application/json"}
        name = f"{method} {self._origin}{path}"
        try:
            self._connection.end_at(time.monotonic() + self._timeout_s)
            self._connection.request(method, path, body, {**content_type, **(headers or {})})
            answer = self._connection.getresponse()
            lowered = {header.lower(): value for header, value in answer.headers.items()}
            return Answer(request=name, status=answer.status, headers=lowered, body=answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            late = f"no answer within {self._timeout_s:g} s"
            reason = late if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise HttpError(name, reason) from error

    def close(self) -> None:
        self._connection.close()


def request(
    method: str,
    url: str,
    document: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Return the answer to one request, whatever its status. Raises HttpError when there is none."""
    address = urlsplit(url)
    origin = f"{address.scheme}://{address.netloc}"
    with contextlib.closing(HttpClient(origin, timeout_s=timeout_s)) as client:
        return client.request(method, url.removeprefix(origin) or "/", document, headers=headers)


def call(
    method: str,
    url: str,
    document: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Any:
    """Return the JSON that a successful request is answered with. Raises HttpError."""
    return request(method, url, document, headers=headers, timeout_s=timeout_s).expect_success().json()


class _Connection(http.client.HTTPConnection):
    """Its time-out is for a call; http.client's own begins anew with each byte that arrives."""

    _ends_at = 0.0
    sock: _Socket | None

    def end_at(self, ends_at: float) -> None:
        self._ends_at = ends_at
        if self.sock is not None:
            self.sock.ends_at = ends_at

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), _left_s(self._ends_at))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _Socket(fileno=plain.detach())
        self.sock.ends_at = self._ends_at


class _Socket(socket.socket):
    """Gives each operation what is left; `sendall` keeps within its time-out by itself."""

    ends_at: float

    def sendall(self, *arguments: Any) -> None:
        self.settimeout(_left_s(self.ends_at))
        super().sendall(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(_left_s(self.ends_at))
        return super().recv_into(*arguments)


def _left_s(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError  # as a time-out of a socket it would mean not to block at all
    return left
