"""The port that clients meet: bound from the start, listening from the first configuration, never without one again.

The next configuration takes the place of the former between two requests: those that run end with what they began
with, connections stay open, and counters go on.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import TYPE_CHECKING

from localregion.kong.server import STOP_TIMEOUT_S, GatewayServer

if TYPE_CHECKING:
    from localregion.kong.config.request_limit import RequestLimit
    from localregion.kong.gateway import Gateway

_LOG = logging.getLogger("gateway")

HOST = "127.0.0.1"
BACKLOG = 1024
# For what plugins still have to send, when all requests are answered.
FLUSH_TIMEOUT_S = 1.0


class PortTakenError(Exception):
    """Another program listens on a port that this one needs."""


class Proxy:
    """The gateway's port and the configuration that is at work on it."""

    def __init__(self, bound: socket.socket, *, request_limit: RequestLimit | None, body_max_bytes: int) -> None:
        self._socket = bound
        # With it, Linux lets a second program bind a port on which the first doesn't listen yet.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._request_limit = request_limit
        self._body_max_bytes = body_max_bytes
        self._gateway: Gateway | None = None
        self._server: GatewayServer | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    async def serve(self, gateway: Gateway) -> None:
        """Answer every request from now on by this configuration; the first one opens the port."""
        former = self._gateway
        if self._server is None or former is None:
            self._server = await self._listening(gateway)
            self._gateway = gateway
            return
        self._gateway = self._server.gateway = gateway
        task = asyncio.get_running_loop().create_task(former.retire(FLUSH_TIMEOUT_S))
        self._retiring.add(task)
        task.add_done_callback(self._retired)

    async def _listening(self, gateway: Gateway) -> GatewayServer:
        server = GatewayServer(gateway, request_limit=self._request_limit, body_max_bytes=self._body_max_bytes)
        # Connections inherit it: those that wait for their end do not keep the next gateway from the port.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(server, sock=self._socket, backlog=BACKLOG)
        print(f"gateway ready on http://{HOST}:{self._socket.getsockname()[1]}", flush=True)  # noqa: T201
        return server

    def _retired(self, task: asyncio.Task[None]) -> None:
        self._retiring.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("a former configuration could not be ended", exc_info=error)

    async def stop(self) -> None:
        """Take no more connections, answer what runs, and send what plugins still have to send."""
        if self._server is None or self._listener is None or self._gateway is None:
            self._socket.close()
            return
        self._listener.close()
        await self._server.shutdown(STOP_TIMEOUT_S)
        await self._gateway.stop(FLUSH_TIMEOUT_S)
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=2 * FLUSH_TIMEOUT_S)


def bind(port: int, *, hint: str) -> socket.socket:
    """Return a socket that holds the port and doesn't listen yet. Raises PortTakenError with the hint."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(f"port {port} is taken; {hint}") from error
    return bound
