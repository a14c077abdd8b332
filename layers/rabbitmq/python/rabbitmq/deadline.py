"""A socket whose every operation ends at one wall-clock deadline, name resolution and TLS handshake included.

A time-out for each single read would let a slow or frozen peer add them up; here the time that is left is handed to
each operation. Python's own time-outs cover a whole handshake or `sendall` (since 3.5), so that is enough.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
import time
from typing import Any

RECEIVE_BYTES = 65_536


class Deadline:
    """A point on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none: zero would mean a non-blocking socket."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline exceeded")
        return left


class DeadlineSocket:
    """A connected TCP socket, with TLS when asked for. Raises OSError (TimeoutError is one) and nothing else."""

    def __init__(self, host: str, port: int, *, tls: bool, deadline: Deadline) -> None:
        self._socket: socket.socket = _connect(host, port, deadline)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self._socket.settimeout(deadline.remaining())
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
        except BaseException:
            self._socket.close()
            raise

    def send(self, data: bytes, deadline: Deadline) -> None:
        self._socket.settimeout(deadline.remaining())
        self._socket.sendall(data)

    def receive(self, deadline: Deadline) -> bytes:
        """Return what has arrived, at least one byte. ConnectionError when the peer has closed."""
        self._socket.settimeout(deadline.remaining())
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("closed by the broker")
        return data

    def has_input(self) -> bool:
        """Whether something can be read now: data, or the end of the stream."""
        pending = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        return bool(pending or select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        self._socket.close()


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in _resolve(host, port, deadline):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.remaining())
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """getaddrinfo in a thread: the resolver has time-outs of its own, counted in tens of seconds."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    found: list[Any] = []
    failure: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=look_up, name="resolve", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if failure:
        raise failure[0]
    if not found:
        raise TimeoutError(f"{host} was not resolved in time")
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
