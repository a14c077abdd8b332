"""The gateway without its sockets: a request comes in, its route's plugins run, a response goes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.configuration import Configuration
from gateway.errors import NO_ROUTE, error_response
from gateway.exchange import Exchange, Response
from gateway.invoke_client import InvokeClient
from gateway.plugin import Surroundings
from gateway.plugin_chain import plugin_chains
from gateway.router import Router


class Gateway:
    """One configuration at work. Raises ConfigurationError when it is made from one that it cannot serve."""

    def __init__(
        self,
        configuration: Configuration,
        invoke_client: InvokeClient,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        credentials = {credential.key: credential for credential in configuration.credentials}
        surroundings = Surroundings(
            credentials=credentials, invoke_client=invoke_client, environ=environ or {}, clock=clock
        )
        self._router = Router(configuration.routes)
        self._chains, self._everywhere = plugin_chains(configuration, surroundings)

    async def handle(self, exchange: Exchange) -> Response:
        """Answer the request, whatever happens. BodyError and a client that left are the server's business."""
        match = self._router.match(exchange.path)
        if match is None:
            response = error_response(exchange, 404, NO_ROUTE)
            self._everywhere.filter_headers(exchange, response)
            return response
        exchange.match = match
        return await self._chains[match.route.id].respond(exchange)


def with_invoke_port(configuration: Configuration, port: int) -> Configuration:
    """Return the configuration with every aws-lambda plugin calling the emulator on this machine."""
    here = {"host": "127.0.0.1", "port": port, "disable_https": True}
    plugins = [
        replace(entry, config=entry.config | here) if entry.name == "aws-lambda" else entry
        for entry in configuration.plugins
    ]
    return replace(configuration, plugins=plugins)
