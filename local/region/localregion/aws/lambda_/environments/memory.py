"""The memory that processes use, counted as Lambda's control group counts it: what the kernel cannot drop.

Anonymous and shared memory counts, files that are mapped (libraries, above all) do not; what a child still shares with
its parent counts once. Read from /proc, hence 0 on a system that has none.
"""

from __future__ import annotations

import contextlib
import os
import re

_COUNTED = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
_COUNTED_ONCE = re.compile(rb"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", re.MULTILINE)
_PEAK = re.compile(rb"^VmHWM:\s+(\d+)", re.MULTILINE)
_READ_SIZE = 65_536


def used_kb(pid: int, *, limit_kb: int) -> int:
    """Return what a process and everything it started use; beyond the limit exactly, which takes milliseconds."""
    pids = [pid, *_descendants(pid)]
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
