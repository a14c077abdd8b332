"""`make debug FUNCTION=…`: let an editor attach to a function while the system runs, until Ctrl-C.

The emulator does the work (`aws/lambda_/debug_api.py`); this asks for it, says what an editor needs, keeps asking so
that it lasts, also when the emulator is started again, and gives the function back at the end.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from localregion import http_client, project
from localregion.errors import CommandError
from localregion.http_client import HttpError
from localregion.system import endpoints
from localregion.system.folder import Folder
from localregion.system.status import emulator_status

_PORT = 5678  # debugpy's own default
# Well within the emulator's lease.
_RENEW_INTERVAL_S = 5.0
# The function starts anew, under the debugger.
_TIMEOUT_S = 60.0


class DebugError(CommandError):
    """There is no such function, its port is taken, or the emulator does not answer."""


def debug(folder: Folder, function: str) -> None:
    """Return when Ctrl-C or SIGTERM came and the function runs as before. Raises DebugError."""
    known = endpoints.load(folder)
    port = _port(os.environ)
    if not function:
        raise DebugError(f"say which: `{project.command('debug', 'FUNCTION=…')}` with {_functions(known['aws'])}")
    # As Ctrl-C, so that the function is given back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pid = _ask(known["aws"], "PUT", function, port)["pid"]
    try:
        print(instructions(function, port, pid), flush=True)
        while True:
            time.sleep(_RENEW_INTERVAL_S)
            pid = _renew(known["aws"], function, port, pid)
    except KeyboardInterrupt:
        _ask(known["aws"], "DELETE", function, port)
        print(f"\n{function} runs as before")


def instructions(function: str, port: int, pid: int | None) -> str:
    """Return what the user needs to attach: the address, and the configuration for VS Code."""
    configuration = {
        "version": "0.2.0",
        "configurations": [
            {
                "name": f"attach to {function}",
                "type": "debugpy",
                "request": "attach",
                "connect": {"host": "127.0.0.1", "port": port},
            }
        ],
    }
    return (
        f"{function} listens for a debugger on 127.0.0.1:{port} (debugpy, process {pid})\n\n"
        f".vscode/launch.json:\n\n{json.dumps(configuration, indent=2)}\n\n"
        "Set a breakpoint in functions/ or layers/, attach, send a request. One invocation at a time, without\n"
        "a time-out; clients of the gateway still wait for 15 seconds at most. Ctrl-C ends it."
    )


def _functions(aws: str) -> str:
    status = emulator_status(aws)
    return ", ".join(each["name"] for each in status["functions"]) if status else "the name of a function"


def _port(environment: Mapping[str, str]) -> int:
    text = environment.get("DEBUG_PORT") or str(_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise DebugError(f"DEBUG_PORT={text} is no port")
    return int(text)


def _renew(aws: str, function: str, port: int, pid: int | None) -> int | None:
    """Ask again; a restarting emulator, or sources that do not start, are waited out."""
    try:
        now: int | None = _ask(aws, "PUT", function, port)["pid"]
    except DebugError as error:
        if pid is not None:
            print(f"not now: {error}", flush=True)
        return None
    if now != pid:
        print(f"a new environment listens: process {now}; attach again", flush=True)
    return now


def _ask(aws: str, method: str, function: str, port: int) -> dict[str, Any]:
    url = f"{aws}/_emulator/debug/{function}"
    try:
        answer = http_client.request(method, url, {"port": port}, timeout_s=_TIMEOUT_S)
        decoded: dict[str, Any] = answer.json()
    except HttpError as error:
        raise DebugError(f"the emulator does not answer: {error.reason}") from error
    if answer.status >= 400:
        hint = "; set DEBUG_PORT to another one" if answer.status == 409 else ""
        raise DebugError(f"{decoded['Message']}{hint}")
    return decoded
