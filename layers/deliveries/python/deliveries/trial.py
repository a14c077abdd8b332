"""Decode messages in a process that may die: only what kills it is to blame, whatever else ends an environment.

Started over a message that an environment died with. The environment may have died for any reason; a process that does
nothing but decode this one, with enough time and memory, can only die over the message.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable, Sequence

from contracts.events import InvalidEventError
from deliveries.event import Delivery

Decode = Callable[[Delivery], object]
TIMEOUT_S = 5.0
POLL_INTERVAL_S = 0.001
# Beyond what the process has when it starts. The largest batch takes a tenth of it.
MEMORY_BYTES = 256 * 2**20


def survives(deliveries: Sequence[Delivery], decode: Decode) -> bool:
    """Whether a process lives that decodes them; two have to die, since one may be killed from outside or be frozen."""
    return _lives(deliveries, decode) or _lives(deliveries, decode)


def _lives(deliveries: Sequence[Delivery], decode: Decode) -> bool:
    try:
        pid = os.fork()
    except OSError:
        return True  # no room for a second process: that proves nothing
    if pid == 0:
        _decode_and_exit(deliveries, decode)
    return _exit_status(pid) == 0


def _decode_and_exit(deliveries: Sequence[Delivery], decode: Decode) -> None:
    """Never returns; what the parent has open is left alone, since `os._exit` closes nothing in an orderly way."""
    status = 1
    try:
        _limit_memory()
        for delivery in deliveries:
            # An exception is a reason to park it, as the parent will find.
            with contextlib.suppress(InvalidEventError):
                decode(delivery)
        status = 0
    except MemoryError:
        pass
    except Exception:
        status = 0
    finally:
        os._exit(status)


def _limit_memory() -> None:
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    # Should the machine run out of memory all the same, then this process is to die and not the environment.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _exit_status(pid: int) -> int:
    """The status of the child, which is ended when it takes too long."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL_INTERVAL_S)
    # One that ended meanwhile, while this process was frozen, keeps its own status.
    os.kill(pid, 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
