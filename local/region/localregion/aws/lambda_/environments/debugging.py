"""An execution environment that listens for a debugger: how its process starts, and what it is spared.

debugpy (https://github.com/microsoft/debugpy) runs the runtime client in the same process; the functions know nothing
of it. Invocations have a day instead of the function's timeout, and are told a quarter of an hour. On the loopback
only: who reaches the port may run code.
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket

HOST = "127.0.0.1"
# Instead of the function's timeout, which a breakpoint would exceed.
TIMEOUT_S = 86_400.0
# What the function is told that it has: the longest timeout that Lambda knows. What it plans by its own deadline (when
# the relay may take over an event, say) is not a day away.
TOLD_TIMEOUT_S = 900.0
# Sources reach a function by symbolic links; an editor sets its breakpoints in the files themselves.
VARIABLES = {"PYDEVD_RESOLVE_SYMLINKS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
_PORT_FREE_TIMEOUT_S = 10.0


def runtime_command(python: str, handler: str, port: int | None) -> list[str]:
    """Return the command of an environment, with a debugger on this port or without one."""
    runtime = ["-m", "awslambdaric", handler]
    if port is None:
        return [python, *runtime]
    # By its folder: the interpreter may be one that has the runtime client only.
    debugger = importlib.util.find_spec("debugpy")
    folders = debugger.submodule_search_locations if debugger else None
    return [python, "-Xfrozen_modules=off", *(folders or ()), "--listen", f"{HOST}:{port}", *runtime]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


async def wait_until_free(port: int) -> None:
    """Wait for the debugger of an environment that has just ended; one that stays makes the next one fail."""
    give_up_at = asyncio.get_running_loop().time() + _PORT_FREE_TIMEOUT_S
    while not is_free(port) and asyncio.get_running_loop().time() < give_up_at:
        await asyncio.sleep(0.05)
