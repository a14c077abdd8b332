"""The machine that the figures are of: enough to tell two results apart, nothing that names its owner."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import Any


def facts() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cpus": os.cpu_count(),
        "memory": _first_value(Path("/proc/meminfo"), "MemTotal"),
        "python": platform.python_version(),
        # As high as the number of processors before we began: absolute figures are worth little.
        "load": os.getloadavg(),
    }


def _first_value(path: Path, name: str) -> str | None:
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return None
