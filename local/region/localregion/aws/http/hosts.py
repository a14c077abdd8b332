"""By which names the AWS port may be called, so that no page reaches it through a name of its own (DNS rebinding).

An address instead of a name is let through: a page that was loaded from this address is the emulator's own. Names are
those by which this machine is reached from itself and from its containers, and what `--allowed-host` adds.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable

NAMES = ("localhost", "host.docker.internal")


def host_check(allowed: tuple[str, ...]) -> Callable[[bytes | None], bool]:
    """Return what says whether a request with this `Host` may be answered; one without is not."""
    names = {name.lower() for name in (*NAMES, *allowed)}

    @functools.lru_cache(maxsize=64)
    def is_allowed(host: bytes | None) -> bool:
        name = _without_port((host or b"").decode("latin-1").lower())
        return name in names or _is_address(name)

    return is_allowed


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
