"""The gateway's port for clients: taken from the start, open once there is a configuration, which can be replaced.

A request ends with the configuration that it began with. Nothing is refused or dropped when another one takes over, and
what rate limits have counted stays counted.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from localregion.kong.config.configuration import Configuration
from localregion.kong.config.request_limit import RequestLimit
from localregion.kong.counters import Counters
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.server import STOP_TIMEOUT_S, GatewayServer

BACKLOG = 1024
# For what plugins still have to send, when all requests are answered.
FLUSH_TIMEOUT_S = 1.0
# The longest that a request of a former configuration may take: a function's time and the time-outs around it.
RETIRED_AFTER_S = 30.0


class ProxyPort:
    """Made inside the event loop. Raises OSError when the port is taken."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        request_limit: RequestLimit | None,
        body_max_bytes: int,
        environ: Mapping[str, str],
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._request_limit = request_limit
        self._body_max_bytes = body_max_bytes
        self._environ = environ
        self._client = InvokeClient()
        self._counters = Counters()
        self._server: GatewayServer | None = None
        self._listener: asyncio.Server | None = None
        self._gateway: Gateway | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()
        return f"http://{host}:{port}"

    async def apply(self, configuration: Configuration) -> bool:
        """Serve by this configuration; True when it is the first one. Raises ConfigurationError: the former one stays.

        It is made in a thread: ten thousand consumers take half a second.
        """
        gateway = await asyncio.to_thread(
            Gateway, configuration, self._client, environ=self._environ, counters=self._counters
        )
        former, self._gateway = self._gateway, gateway
        if self._server is None:
            self._server = GatewayServer(
                gateway, request_limit=self._request_limit, body_max_bytes=self._body_max_bytes
            )
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(self._server, sock=self._socket, backlog=BACKLOG)
            return True
        self._server.change_to(gateway)
        if former is not None:
            retiring = asyncio.create_task(former.retire(RETIRED_AFTER_S, FLUSH_TIMEOUT_S))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)
        return False

    async def close(self) -> None:
        """Take no more requests, and end when those that run have ended, or after the server's time."""
        try:
            if self._server is not None and self._listener is not None and self._gateway is not None:
                self._listener.close()
                # A connection accepted just now begins to wait for a request; then it can be told to stop waiting.
                await asyncio.sleep(0.01)
                self._server.pre_shutdown()
                await self._server.shutdown(STOP_TIMEOUT_S)
                await self._gateway.stop(FLUSH_TIMEOUT_S)
                await asyncio.gather(*self._retiring)
        finally:
            self._socket.close()
            await self._client.close()
