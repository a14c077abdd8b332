"""Addresses of a name, in time: the resolver's own time-outs are counted in tens of seconds and cannot be set."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from sockets.deadline import Deadline


def resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """What getaddrinfo returns, never empty. Raises OSError."""
    # An address needs no resolver, and so no thread.
    with contextlib.suppress(socket.gaierror, UnicodeError):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return _look_up(host, port, deadline)


def _look_up(host: str, port: int, deadline: Deadline) -> list[Any]:
    """In a thread, which is left to itself when the time is over."""
    found: list[Any] = []
    failure: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failure.append(error)

    thread = threading.Thread(target=look_up, name="resolve", daemon=True)
    thread.start()
    thread.join(deadline.remaining_s())
    if failure:
        raise OSError(f"{host} cannot be resolved: {failure[0]}") from failure[0]
    if not found:
        raise TimeoutError(f"{host} was not resolved in time")
    return found
