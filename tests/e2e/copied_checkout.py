"""What a system is booted from, in another place: a test may change it."""

from __future__ import annotations

import shutil
from pathlib import Path

from proof.checkout import ROOT

_SOURCES = ("functions", "infra", "kong", "layers", "local", "migrations", "pyproject.toml", "requirements.lock")


def copy_checkout(folder: Path) -> Path:
    """Return the folder, which is made, of mode 0700."""
    folder.mkdir(mode=0o700)
    for name in _SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    return folder
