"""`python -m localregion.console`: serve the console of one local system on 127.0.0.1 until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from localregion import project
from localregion.console import extension
from localregion.console.server import UNREAD, application
from localregion.console.traces.quick_receiver import QuickReceivers
from localregion.errors import CommandError
from localregion.system.folder import Folder

HOST = "127.0.0.1"
_BACKLOG = 1024
_STOP_TIMEOUT_S = 2.0


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(options))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"Error: port {options.port} is taken; set CONSOLE_PORT to another one", file=sys.stderr)  # noqa: T201
        return 1
    except CommandError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localregion.console", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the system's folder: .local")
    parser.add_argument("--port", type=int, default=8080, help="default: %(default)s; 0 for any")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    listener = socket.create_server((HOST, options.port), backlog=_BACKLOG)
    port = listener.getsockname()[1]
    app = application(Folder(options.state.resolve()), port, extension.of_project(project.current()))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_TIMEOUT_S, auto_decompress=False)
    await runner.setup()
    receivers = QuickReceivers(app[UNREAD], port, cast(Callable[[], asyncio.Protocol], runner.server))
    server = await loop.create_server(receivers, sock=listener, backlog=_BACKLOG)
    try:
        print(f"console ready on http://{HOST}:{port}", flush=True)  # noqa: T201
        # What lives from now on are spans, and they hold no cycles: nothing for a full collection to find.
        gc.freeze()
        await stopping.wait()
    finally:
        server.close()
        receivers.close()
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
