"""The gateway without its sockets: a request comes in, its route's plugins run, a response goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from localregion.kong.config.configuration import Configuration
from localregion.kong.counters import Counters
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.plugin import Surroundings
from localregion.kong.plugin_chain import plugin_chains
from localregion.kong.request.errors import NO_ROUTE, error_response, nginx_error
from localregion.kong.request.exchange import Exchange, Response
from localregion.kong.request.router import Router

_RETIRE_POLL_S = 0.05


class Gateway:
    """One configuration at work. Raises ConfigurationError when it is made from one that it cannot serve.

    `counters` are those of the configuration before: nobody's limit begins anew.
    """

    def __init__(
        self,
        configuration: Configuration,
        invoke_client: InvokeClient,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        counters: Counters | None = None,
    ) -> None:
        credentials = {credential.key: credential for credential in configuration.credentials}
        surroundings = Surroundings(
            credentials=credentials,
            invoke_client=invoke_client,
            environ=environ or {},
            clock=clock,
            counters=counters or Counters(),
        )
        self._on_stop = surroundings.on_stop
        self._running = 0
        self._router = Router(configuration.routes)
        self._chains, self._everywhere = plugin_chains(configuration, surroundings)

    async def handle(self, exchange: Exchange) -> Response:
        """Answer the request, also after a failure. A client that left is the server's business."""
        match = self._router.match(exchange.method, exchange.path)
        if match is None:
            return self._answer(exchange, error_response(exchange, 404, NO_ROUTE))
        exchange.match = match
        self._running += 1
        try:
            return await self._chains[match.route.id].respond(exchange)
        finally:
            self._running -= 1

    def refuse(self, exchange: Exchange, status: int, message: str) -> Response:
        """Answer a request that nginx refuses before it has a route."""
        return self._answer(exchange, nginx_error(exchange, status, message))

    def _answer(self, exchange: Exchange, response: Response) -> Response:
        self._everywhere.filter_headers(exchange, response)
        return response

    async def retire(self, after_s: float, limit_s: float) -> None:
        """Stop once the requests that run have ended, at the latest after a time."""
        deadline = time.monotonic() + after_s
        is_idle = False
        # Looked at twice: a response that is ready is still to be sent and logged.
        while not (is_idle and self._running == 0) and time.monotonic() < deadline:
            is_idle = self._running == 0
            await asyncio.sleep(_RETIRE_POLL_S)
        await self.stop(limit_s)

    async def stop(self, limit_s: float) -> None:
        """Send what plugins still have to send, within a time."""
        await asyncio.gather(*(stop(limit_s) for stop in self._on_stop))


def with_invoke_port(configuration: Configuration, port: int) -> Configuration:
    """Return the configuration with every aws-lambda plugin calling the emulator on this machine."""
    return _with(configuration, "aws-lambda", {"host": "127.0.0.1", "port": port, "disable_https": True})


def with_spans_endpoint(configuration: Configuration, endpoint: str) -> Configuration:
    """Return the configuration with every zipkin plugin sending its spans there."""
    return _with(configuration, "zipkin", {"http_endpoint": endpoint})


def _with(configuration: Configuration, plugin: str, changed: dict[str, Any]) -> Configuration:
    plugins = [
        replace(entry, config=entry.config | changed) if entry.name == plugin else entry
        for entry in configuration.plugins
    ]
    return replace(configuration, plugins=plugins)
