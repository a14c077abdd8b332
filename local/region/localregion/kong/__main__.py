"""`python -m localregion.kong`: serve a plan's declarative configuration, or a file's, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

import uvloop

from localregion.kong.config.configuration import Configuration
from localregion.kong.config.kong_conf import refuse_settings, settings_of
from localregion.kong.config.request_limit import RequestLimit, request_limit
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse, read
from localregion.kong.gateway import Gateway, with_invoke_port, with_spans_endpoint
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.request.body import BODY_MAX_BYTES
from localregion.kong.server import STOP_TIMEOUT_S, GatewayServer
from localregion.plan import model

HOST = "127.0.0.1"
# For what plugins still have to send, when all requests are answered.
FLUSH_TIMEOUT_S = 1.0


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        configuration, settings = _configuration(options)
        settings |= settings_of(os.environ)
        refuse_settings(settings)
        if options.aws_port is not None:
            configuration = with_invoke_port(configuration, options.aws_port)
        if options.spans_endpoint is not None:
            configuration = with_spans_endpoint(configuration, options.spans_endpoint)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(configuration, options, request_limit(settings, time.monotonic)))
    except ConfigurationError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"Error: port {options.port} is taken; set GATEWAY_PORT to another one", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localregion.kong", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--plan", type=Path, help="the plan; its gateway's configuration is served")
    source.add_argument("--config", type=Path, help="a declarative configuration, YAML or JSON")
    parser.add_argument("--values", type=Path, help="values of the plan's references")
    parser.add_argument("--secrets", type=Path, help="the plan's secrets")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--aws-port", type=int, help="port of the Invoke API on this machine, in place of AWS's")
    parser.add_argument("--spans-endpoint", help="where spans go in Zipkin's format, in place of `http_endpoint`")
    parser.add_argument("--body-max-bytes", type=int, default=BODY_MAX_BYTES, help="default: %(default)s")
    return parser


def _configuration(options: argparse.Namespace) -> tuple[Configuration, dict[str, str]]:
    """Return the declarative configuration, and the settings of kong.conf that belong to it."""
    if options.config is not None:
        return read(options.config), {}
    values, secrets = (json.loads(path.read_text()) if path else {} for path in (options.values, options.secrets))
    plan = model.resolve(model.load(options.plan), values, secrets)
    if plan.gateway is None:
        raise ConfigurationError(f"{options.plan} has no gateway")
    return parse(plan.gateway.declarative_config), settings_of(plan.gateway.settings)


async def _serve(configuration: Configuration, options: argparse.Namespace, limit: RequestLimit | None) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    client = InvokeClient()
    try:
        gateway = Gateway(configuration, client, environ=os.environ)
        server = GatewayServer(gateway, request_limit=limit, body_max_bytes=options.body_max_bytes)
        listener = await loop.create_server(server, HOST, options.port, backlog=1024)
        port = listener.sockets[0].getsockname()[1]
        print(f"gateway ready on http://{HOST}:{port}", flush=True)  # noqa: T201
        await stopping.wait()
        listener.close()
        # A connection accepted just now starts to wait for a request first; then it can be told to stop waiting.
        await asyncio.sleep(0.01)
        server.pre_shutdown()
        await server.shutdown(STOP_TIMEOUT_S)
        await gateway.stop(FLUSH_TIMEOUT_S)
    finally:
        await client.close()


if __name__ == "__main__":
    sys.exit(main())
