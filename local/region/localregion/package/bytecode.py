"""Add bytecode to an archive's files: what a zip without it compiles anew in each execution environment.

Only the runtime's own version is of use: without an interpreter of that version there is none. PYTHONHASHSEED is
fixed: the order of a frozen set in the bytecode depends on it.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from localregion.package.entries import Entries, Entry
from localregion.package.errors import PackagingError

_CHILD = Path(__file__).with_name("compile_folder.py")
_VERSION = "import sys; print(sys.implementation.cache_tag, sys.version)"


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """An interpreter; `version` says it to the last detail."""

    executable: str
    version: str

    def compile(self, entries: Entries, *, place: str) -> Entries:
        """Return the bytecode of all modules, which will stand below `place`."""
        with tempfile.TemporaryDirectory(prefix="package-") as name:
            folder = Path(name)
            _write({path: entry for path, entry in entries.items() if path.endswith(".py")}, folder)
            self._run([str(_CHILD), str(folder), place])
            return {
                path.relative_to(folder).as_posix(): Entry(path.read_bytes())
                for path in sorted(folder.rglob("__pycache__/*.pyc"))
            }

    def _run(self, arguments: list[str]) -> None:
        command = [self.executable, "-S", "-W", "ignore", *arguments]
        child = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
        if child.returncode:
            raise PackagingError(f"{self.executable} cannot compile what is packaged:\n{child.stderr.strip()}")


def find_compiler(executable: str, python_version: str) -> Compiler | None:
    """Return the interpreter when it is CPython of that version, else None. Raises PackagingError when it is none."""
    try:
        child = subprocess.run([executable, "-S", "-c", _VERSION], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackagingError(f"{executable} is no Python: {error}") from error
    cache_tag, _, version = child.stdout.strip().partition(" ")
    if cache_tag != f"cpython-{python_version.replace('.', '')}":
        return None
    return Compiler(executable=executable, version=" ".join(version.split()))


def _write(entries: Entries, folder: Path) -> None:
    for path, entry in entries.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(entry.content)
