"""The machine that the figures are of: enough to tell two results apart, nothing that names its owner."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import Any

import psutil


def facts() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory": f"{psutil.virtual_memory().total // 1024} kB",
        "python": platform.python_version(),
        # As high as the number of processors before we began: absolute figures are worth little.
        "load": os.getloadavg(),
    }


def _processor() -> str | None:
    """Return the processor's name, which neither psutil nor `platform` knows on Linux; ARM's has none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return None
