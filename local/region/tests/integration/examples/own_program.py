"""A program outside of the checkout, on free ports, with a state folder of its own, by the commands that users type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localregion.project import PACKAGE_PARENT
from localregion.services.ports import Ports

EXAMPLE = PACKAGE_PARENT / "examples" / "hello"
_TIMEOUT_S = 120


@dataclass(frozen=True)
class OwnProgram:
    """`root` is the project's folder, `command` what starts `localregion`."""

    root: Path
    command: Sequence[str] = (sys.executable, "-m", "localregion")
    ports: Ports = field(default_factory=Ports.free)

    @property
    def state(self) -> Path:
        return self.root.parent / "state"

    @property
    def environ(self) -> Mapping[str, str]:
        # Nothing of the test's own project: no import path but the platform's, no package of ours.
        outside = {name: value for name, value in os.environ.items() if not name.endswith("_PORT")}
        own = {"LOCAL_DIR": str(self.state), "PYTHONPATH": str(PACKAGE_PARENT)}
        return {**outside, **self.ports.environment(), **own}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`localregion …` in the project's folder."""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )

    def log(self, function: str) -> str:
        path = self.state / "logs" / "functions" / f"{function}.log"
        return path.read_text() if path.exists() else ""


def copy_example(folder: Path) -> Path:
    """Return a copy of the example in `folder`, as a user would have it."""
    return shutil.copytree(EXAMPLE, folder / "hello", ignore=shutil.ignore_patterns("__pycache__", ".local"))
