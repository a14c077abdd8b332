"""A TCP connection, with TLS when asked for. Every operation gets the time that is left of the deadline.

Python's own time-outs cover a whole TLS handshake and a whole `sendall` (since 3.5), so handing them the rest of the
deadline bounds everything, name resolution included.
"""

from __future__ import annotations

import select
import socket
from typing import Any

from sockets.deadline import Deadline
from sockets.resolver import resolve

RECEIVE_BYTES = 65_536


class StreamEndedError(ConnectionError):
    """The peer closed the connection."""


class Stream:
    """Connected when it is made. Raises OSError (TimeoutError and TLS errors are some) and nothing else."""

    def __init__(self, host: str, port: int, *, tls: bool = False, deadline: Deadline) -> None:
        self._socket = _connect(host, port, deadline)
        self._is_encrypted = tls
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self._socket = _encrypt(self._socket, host, deadline)
        except BaseException:
            self._socket.close()
            raise

    def send(self, data: bytes, deadline: Deadline) -> None:
        self._socket.settimeout(deadline.remaining_s())
        self._socket.sendall(data)

    def receive(self, deadline: Deadline, *, bytes_max: int = RECEIVE_BYTES) -> bytes:
        """Return what has arrived, at least one byte. Raises StreamEndedError when the peer has closed."""
        self._socket.settimeout(deadline.remaining_s())
        if data := self._socket.recv(bytes_max):
            return data
        raise StreamEndedError("closed by the peer")

    def has_input(self) -> bool:
        """Whether something can be read now: data, or the end of the stream."""
        connection: Any = self._socket
        decrypted = connection.pending() if self._is_encrypted else 0
        return bool(decrypted or select.select([connection], [], [], 0)[0])

    def close(self) -> None:
        self._socket.close()


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in resolve(host, port, deadline):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.remaining_s())
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _encrypt(connection: socket.socket, host: str, deadline: Deadline) -> socket.socket:
    import ssl  # costs milliseconds, and a collector beside the function speaks no TLS

    context = ssl.create_default_context()
    connection.settimeout(deadline.remaining_s())
    return context.wrap_socket(connection, server_hostname=host)
