"""Processor time by process, as the kernel counts it: of a system's parts, and of what they started."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import psutil

# What an order passes of ours; the database and the broker work for it, too, and are not ours.
OWN = ("gateway", "emulator", "functions", "console")
SERVICES = ("postgres", "rabbitmq")


def of_system(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds so far of each part of a running system; functions are the emulator's children."""
    emulator, parts = pids["emulator"], {*OWN, *SERVICES} & {*pids}
    seen = {name: of_process(pids[name], with_children=name != "emulator") for name in parts}
    return {**seen, "functions": sum(map(_own, _children(emulator))) + _of_ended(emulator)}


def of_process(pid: int, *, with_children: bool) -> float:
    """Seconds so far; with its children, those that have ended included."""
    process = psutil.Process(pid)
    if not with_children:
        return _own(process)
    return _own(process) + _of_ended(pid) + sum(map(_own, _children(pid)))


def since(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: seconds - before.get(name, 0.0) for name, seconds in now.items()}


def _children(pid: int) -> list[psutil.Process]:
    return list(psutil.Process(pid).children(recursive=True))


def _own(process: psutil.Process) -> float:
    # One that ends meanwhile counts with its parent's ended children.
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _of_ended(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.children_user + times.children_system)
