"""Copies of the project whose Pulumi program a test may change."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def copy_program(folder: Path) -> Path:
    """Return a project in `folder`: its own `infra/`, everything else linked."""
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("functions", "kong", "layers", "local", "migrations", "requirements.lock"):
        os.symlink(ROOT / name, folder / name)
    return folder


def edit(root: Path, old: str, new: str) -> None:
    """Replace one piece of `infra/__main__.py`; AssertionError when it is not there exactly once."""
    program = root / "infra" / "__main__.py"
    text = program.read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the program"
    program.write_text(text.replace(old, new))
