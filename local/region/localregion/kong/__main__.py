"""`python -m localregion.kong`: serve a plan's declarative configuration, or a file's, until SIGTERM.

With `--admin-port` it is configured while it runs, as a Kong without a database: see admin.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from localregion.kong.config.kong_conf import refuse_settings, settings_of
from localregion.kong.config.request_limit import RequestLimit, request_limit
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.config.text import read_data
from localregion.kong.counters import Counters
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway, with_invoke_port, with_spans_endpoint
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.proxy import PortTakenError, Proxy, bind
from localregion.kong.reload import Build, listening
from localregion.kong.request.body import BODY_MAX_BYTES
from localregion.plan import model


def main(arguments: list[str] | None = None) -> int:
    parser = _options()
    options = parser.parse_args(arguments)
    if options.admin_port is not None and options.plan is None:
        parser.error("--admin-port needs --plan")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options))
    except (ConfigurationError, PortTakenError) as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
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
    parser.add_argument(
        "--admin-port", type=int, help="start without a configuration, and take each one on this port as Kong does"
    )
    parser.add_argument("--aws-port", type=int, help="port of the Invoke API on this machine, in place of AWS's")
    parser.add_argument("--spans-endpoint", help="where spans go in Zipkin's format, in place of `http_endpoint`")
    parser.add_argument("--body-max-bytes", type=int, default=BODY_MAX_BYTES, help="default: %(default)s")
    return parser


def _source(options: argparse.Namespace) -> tuple[Any, dict[str, str]]:
    """Return the declarative configuration, and the settings of kong.conf that belong to it."""
    if options.config is not None:
        return read_data(options.config), {}
    values, secrets = (json.loads(path.read_text()) if path else {} for path in (options.values, options.secrets))
    plan = model.resolve(model.load(options.plan), values, secrets)
    if plan.gateway is None:
        raise ConfigurationError(f"{options.plan} has no gateway")
    return plan.gateway.declarative_config, settings_of(plan.gateway.settings)


async def _run(options: argparse.Namespace) -> None:
    source, settings = _source(options)
    settings |= settings_of(os.environ)
    refuse_settings(settings)
    client = InvokeClient()
    try:
        await _serve(options, _builder(options, client), source, request_limit(settings, time.monotonic))
    finally:
        await client.close()


def _builder(options: argparse.Namespace, client: InvokeClient) -> Build:
    """Return what makes a gateway of a declarative configuration; all of them count with the same counters."""
    counters = Counters()

    def build(data: Any) -> Gateway:
        configuration = parse(data)
        if options.aws_port is not None:
            configuration = with_invoke_port(configuration, options.aws_port)
        if options.spans_endpoint is not None:
            configuration = with_spans_endpoint(configuration, options.spans_endpoint)
        return Gateway(configuration, client, environ=os.environ, counters=counters)

    return build


async def _serve(options: argparse.Namespace, build: Build, source: Any, limit: RequestLimit | None) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    gateway = build(source) if options.admin_port is None else None
    bound = bind(options.port, hint="set GATEWAY_PORT to another one")
    proxy = Proxy(bound, request_limit=limit, body_max_bytes=options.body_max_bytes)
    if gateway is not None:
        await proxy.serve(gateway)
        await stopping.wait()
    else:
        async with listening(options.admin_port, build, proxy):
            await stopping.wait()
    await proxy.stop()


if __name__ == "__main__":
    sys.exit(main())
