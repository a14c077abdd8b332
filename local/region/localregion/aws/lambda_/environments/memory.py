"""The memory that processes use, counted as Lambda's control group counts it: what the kernel cannot drop.

Anonymous and shared memory counts, files that are mapped (libraries, above all) do not; what a child still shares with
its parent counts once. Read from /proc, hence 0 on a system that has none. What is far below its limit costs little to
see: its resident set alone is below. What it has started is looked for at most five times a second, and not at all
while nothing is started on this machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from math import inf

_COUNTED = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
_COUNTED_ONCE = re.compile(rb"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", re.MULTILINE)
_PEAK = re.compile(rb"^VmHWM:\s+(\d+)", re.MULTILINE)
_READ_SIZE = 65_536
# A list of each thread's children costs ten times as much as the rest, and a runtime client starts a thread for each
# invocation, which the kernel counts as it counts processes.
CHILDREN_EVERY_S = 0.2
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


class MemoryUse:
    """What processes and all that they started use."""

    def __init__(self) -> None:
        self._newest = b""
        self._searched_at = -inf
        self._may_swap = True
        self._descendants: dict[int, list[int]] = {}

    def look(self) -> None:
        """Call before looking at processes: see whether what they have started has to be looked for again."""
        # The number that the kernel gave last, to a process or to a thread; where it gives none the field is 0.
        newest = _read("/proc/loadavg").rpartition(b" ")[2].strip()
        is_known = newest == self._newest and newest not in (b"", b"0")
        if not is_known and time.monotonic() - self._searched_at >= CHILDREN_EVERY_S:
            self._descendants.clear()
            self._newest, self._searched_at = newest, time.monotonic()
        # Below its first line: what the kernel may swap to. Swapped memory counts, and is not in the resident set.
        self._may_swap = _read("/proc/swaps").count(b"\n") != 1

    def is_beyond(self, pid: int, limit_kb: int) -> bool:
        """Say whether a process and everything it started use more than that."""
        if pid not in self._descendants:
            self._descendants[pid] = _descendants(pid)
        pids = [pid, *self._descendants[pid]]
        if not self._may_swap and sum(map(_resident_kb, pids)) <= limit_kb:
            return False
        return used_kb(pids, limit_kb=limit_kb) > limit_kb


def used_kb(pids: list[int], *, limit_kb: int) -> int:
    """Return what processes use together; beyond the limit exactly, which takes milliseconds."""
    used = sum(_sum(_COUNTED, f"/proc/{each}/status") for each in pids)
    if used <= limit_kb or len(pids) == 1:
        return used
    return sum(_sum(_COUNTED_ONCE, f"/proc/{each}/smaps_rollup") for each in pids)


def peak_kb(pid: int) -> int:
    """Return the largest resident set of a process so far, mapped files included."""
    return _sum(_PEAK, f"/proc/{pid}/status")


def _descendants(pid: int) -> list[int]:
    """Return what a process started, by any of its threads; a daemon that left its parent is none of them."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return children + [further for child in children for further in _descendants(child)]


def _resident_kb(pid: int) -> int:
    """Return the resident set, mapped files included: a twentieth of what reading it part by part costs."""
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_KB if len(fields) > 1 else 0


def _sum(figures: re.Pattern[bytes], path: str) -> int:
    return sum(map(int, figures.findall(_read(path))))


def _read(path: str) -> bytes:
    """Return a file of /proc, empty when its process has ended meanwhile."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, _READ_SIZE)
    except OSError:
        return b""
    finally:
        os.close(file)
