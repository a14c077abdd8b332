"""`python -m localregion.kong`: serve a plan's declarative configuration, or a file's, until SIGTERM.

With `--admin-port` it begins with none, and serves what is posted to the Admin API.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from localregion.kong.admin_api import AdminApi
from localregion.kong.config.configuration import Configuration
from localregion.kong.config.kong_conf import refuse_settings, settings_of
from localregion.kong.config.request_limit import RequestLimit, request_limit
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse, read
from localregion.kong.gateway import with_invoke_port, with_spans_endpoint
from localregion.kong.proxy_port import ProxyPort
from localregion.kong.request.body import BODY_MAX_BYTES
from localregion.plan import model

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        configuration, settings = _configuration(options)
        settings |= settings_of(os.environ)
        refuse_settings(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            limit = request_limit(settings, time.monotonic)
            runner.run(_serve(partial(_on_this_machine, options), configuration, options, limit))
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
    parser.add_argument("--admin-port", type=int, help="start empty, take configurations by the Admin API here")
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


def _on_this_machine(options: argparse.Namespace, configuration: Configuration) -> Configuration:
    """Return a configuration with the addresses of this machine."""
    if options.aws_port is not None:
        configuration = with_invoke_port(configuration, options.aws_port)
    if options.spans_endpoint is not None:
        configuration = with_spans_endpoint(configuration, options.spans_endpoint)
    return configuration


async def _serve(
    prepare: Callable[[Configuration], Configuration],
    configuration: Configuration,
    options: argparse.Namespace,
    limit: RequestLimit | None,
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    proxy = ProxyPort(
        HOST, options.port, request_limit=limit, body_max_bytes=options.body_max_bytes, environ=os.environ
    )

    async def serve_by(configuration: Configuration) -> None:
        if await proxy.apply(prepare(configuration)):
            print(f"gateway ready on {proxy.address}", flush=True)  # noqa: T201

    try:
        if options.admin_port is None:
            await serve_by(configuration)
            await stopping.wait()
        else:
            async with _admin_api(options.admin_port, serve_by):
                await stopping.wait()
    finally:
        await proxy.close()


@contextlib.asynccontextmanager
async def _admin_api(port: int, serve_by: Callable[[Configuration], Awaitable[None]]) -> AsyncIterator[None]:
    async def load(document: Any) -> None:
        await serve_by(await asyncio.to_thread(parse, document))

    runner = web.AppRunner(AdminApi(load).application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        print(f"admin API ready on http://{HOST}:{port}", flush=True)  # noqa: T201
        yield
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
