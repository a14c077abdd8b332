"""`python -m localregion.console`: serve the console of one local system on 127.0.0.1 until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from localregion import project
from localregion.console import extension
from localregion.console.server import application
from localregion.errors import CommandError
from localregion.system.folder import Folder

HOST = "127.0.0.1"
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
    port = options.port
    runner = web.AppRunner(
        application(Folder(options.state.resolve()), lambda: port, extension.of_project(project.current())),
        access_log=None,
        shutdown_timeout=_STOP_TIMEOUT_S,
        auto_decompress=False,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, options.port, backlog=1024).start()
        port = runner.addresses[0][1]
        print(f"console ready on http://{HOST}:{port}", flush=True)  # noqa: T201
        # What lives from now on are spans, and they hold no cycles: nothing for a full collection to find.
        gc.freeze()
        await stopping.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
