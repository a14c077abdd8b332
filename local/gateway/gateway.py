"""The gateway without its sockets: a request comes in, its route's plugins run, a response goes out."""

from __future__ import annotations

import logging
from dataclasses import replace

from gateway.configuration import Configuration
from gateway.errors import NO_ROUTE, UNEXPECTED, error_response
from gateway.exchange import Exchange, Response
from gateway.invoke_client import InvokeClient
from gateway.plugin import Surroundings
from gateway.plugin_chain import plugin_chains
from gateway.request_body import BodyError
from gateway.router import Router

_LOG = logging.getLogger("gateway")


class Gateway:
    """One configuration at work. Raises ConfigurationError when it is made from one that it cannot serve."""

    def __init__(self, configuration: Configuration, invoke_client: InvokeClient) -> None:
        credentials = {credential.key: credential for credential in configuration.credentials}
        surroundings = Surroundings(credentials=credentials, invoke_client=invoke_client)
        self._router = Router(configuration.routes)
        self._chains = plugin_chains(configuration, surroundings)

    async def handle(self, exchange: Exchange) -> Response:
        """Answer the request, whatever happens. BodyError and a client that left are the server's business."""
        match = self._router.match(exchange.path)
        if match is None:
            return error_response(exchange, 404, NO_ROUTE)
        exchange.match = match
        try:
            response = await self._chains[match.route.id].access(exchange)
        except (BodyError, ConnectionError):
            raise
        except Exception:
            _LOG.exception("unexpected error, request_id: %s", exchange.request_id)
            response = None
        return response or error_response(exchange, 500, UNEXPECTED)


def with_invoke_port(configuration: Configuration, port: int) -> Configuration:
    """Return the configuration with every aws-lambda plugin calling the emulator on this machine."""
    here = {"host": "127.0.0.1", "port": port, "disable_https": True}
    plugins = [
        replace(entry, config=entry.config | here) if entry.name == "aws-lambda" else entry
        for entry in configuration.plugins
    ]
    return replace(configuration, plugins=plugins)
