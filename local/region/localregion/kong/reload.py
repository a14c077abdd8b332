"""Configure the gateway while it runs: a posted configuration is read and built in a thread, then put to work at once.

Requests go on meanwhile; one that is refused changes nothing.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from localregion.kong.admin import AdminApi
from localregion.kong.gateway import Gateway
from localregion.kong.proxy import HOST, Proxy, bind

# Raises ConfigurationError; runs in a thread.
Build = Callable[[Any], Gateway]

# The event loop waits as long for a thread that computes, each time that it comes back from waiting for its sockets.
SWITCH_INTERVAL_S = 0.0005


def _built(build: Build, read: Callable[[], Any]) -> Gateway:
    """Build without the collector of garbage: it stops all threads, and finds nothing in what is being read."""
    gc.disable()
    try:
        return build(read())
    finally:
        gc.enable()


@asynccontextmanager
async def listening(port: int, build: Build, proxy: Proxy) -> AsyncIterator[None]:
    """Take configurations for the proxy on a port of this machine. Raises PortTakenError."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)

    async def load(read: Callable[[], Any]) -> None:
        await proxy.serve(await asyncio.to_thread(_built, build, read))

    runner = web.AppRunner(AdminApi(load).application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        bound = bind(port, hint="--admin-port needs a free one")
        await web.SockSite(runner, bound).start()
        print(f"admin API ready on http://{HOST}:{bound.getsockname()[1]}", flush=True)  # noqa: T201
        yield
    finally:
        await runner.cleanup()
