"""The caller's environment, without what would lead this program and all that it starts astray.

Settled once, before a command runs: what is started later inherits it. libpq reads PG* in every process that opens a
connection, Kong's configuration reads KONG_*, and a proxy of the machine is asked for loopback addresses as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import TextIO

_MISLEADING = re.compile(r"PG[A-Z]+|KONG_\w+|PYTHONIOENCODING")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def settle(environment: MutableMapping[str, str]) -> None:
    """Take away what misleads; name the loopback addresses as never proxied, beside those that are named already."""
    for name in [name for name in environment if _MISLEADING.fullmatch(name)]:
        del environment[name]
    # A path may hold any character, wherever its name is printed.
    environment["PYTHONUTF8"] = "1"
    for name in ("no_proxy", "NO_PROXY"):
        known = [host for host in environment.get(name, "").split(",") if host]
        environment[name] = ",".join([*known, *(host for host in _LOOPBACK if host not in known)])


def print_any_character(*streams: TextIO) -> None:
    """Escape what the terminal's encoding does not have, instead of failing over it."""
    for stream in streams or (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
