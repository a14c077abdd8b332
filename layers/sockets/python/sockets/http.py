"""One HTTP request within one deadline: for http.client alone each byte that arrives starts the time-out anew."""

from __future__ import annotations

import contextlib
import http.client
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sockets.deadline import Deadline
from sockets.stream import Stream, StreamEndedError

PORTS = {"http": 80, "https": 443}


def request(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, deadline: Deadline
) -> tuple[int, bytes]:
    """Return status and body; follows nothing, keeps nothing. Raises OSError or http.client.HTTPException."""
    status, _, answer = exchange(method, url, headers=headers, body=body, deadline=deadline)
    return status, answer


def exchange(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, deadline: Deadline
) -> tuple[int, Mapping[str, str], bytes]:
    """As `request`, with the answer's headers, whose names are read in any case."""
    address = urlsplit(url)
    stream = Stream(
        address.hostname or "", address.port or PORTS[address.scheme], tls=address.scheme == "https", deadline=deadline
    )
    connection: Any = http.client.HTTPConnection(address.netloc)
    connection.sock = _BoundedSocket(stream, deadline)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    with contextlib.closing(stream):
        connection.request(method, target, body, {"host": address.netloc, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


class _BoundedSocket:
    """As much of a socket as http.client uses."""

    def __init__(self, stream: Stream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._stream.send(data, self._deadline)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._stream, self._deadline))

    def close(self) -> None:
        """http.client closes when it has read the head already; the answer's body is still to come."""


class _Received(io.RawIOBase):
    def __init__(self, stream: Stream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.receive(self._deadline, bytes_max=len(buffer))
        except StreamEndedError:
            return 0
        buffer[: len(data)] = data
        return len(data)
