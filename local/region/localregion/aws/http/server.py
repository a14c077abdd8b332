"""The HTTP server of the AWS port: uvicorn's, without its signals, with connections of our own.

It binds before anything else starts, so that a taken port is said at once. Stopping lets running requests end first.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Any, cast

import uvicorn

from localregion.aws.http.connection import Application, Connection

BACKLOG = 1024


class PortTakenError(Exception):
    """Another program listens on the port."""


def bind(port: int, *, host: str, variable: str) -> socket.socket:
    """Bind a port; `variable` is what the user can change when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(f"port {port} is taken by another program; choose another one with {variable}") from error
    return listener


class HttpServer(uvicorn.Server):
    """Serves one application until `stop`."""

    def __init__(self, application: Application, *, grace_s: float) -> None:
        config = uvicorn.Config(
            cast(Any, application),
            interface="asgi3",  # it is none: only our connections call it
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=int(grace_s),
            backlog=BACKLOG,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program."""
        yield

    def stop(self) -> None:
        self.should_exit = True
