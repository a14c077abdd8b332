"""The commit before: its checkout in the bench's folder, and a whole system that is booted from it.

`BASE=<commit>` names another one. What a row says of the commit before is measured in the same run, in turns with ours,
by the same loops and the same load.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from proof.bench.second_system import SecondSystem
from proof.checkout import ROOT

# What docs/figures.md compares with.
DEFAULT = "730997a"


class NoBaseError(Exception):
    """There is no such commit here, or no git."""


class Base:
    """Its system is booted on first use."""

    def __init__(self, folder: Path, commit: str) -> None:
        self._folder = folder
        self.commit = commit or DEFAULT
        self._system: SecondSystem | None = None

    def system(self) -> SecondSystem:
        """It is up. Raises NoBaseError, SecondSystemError."""
        if self._system is None:
            self._system = SecondSystem(self._folder / "base-system", root=checkout(self._folder, self.commit))
            self._system.down()  # in case a former run was killed
        if not self._system.folder.endpoints.exists():
            self._system.make_up()
        return self._system

    def down(self) -> None:
        if self._system is not None:
            self._system.down()


def checkout(folder: Path, commit: str) -> Path:
    """Return the root of that commit's files; kept for the next run. Raises NoBaseError."""
    root, wanted = folder / "base", _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if not root.exists() or _git("rev-parse", "HEAD", root=root) != wanted:
        shutil.rmtree(root, ignore_errors=True)
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--force", "--detach", str(root), wanted)
    _share_packages(root)
    return root


def _share_packages(root: Path) -> None:
    """With the same packages it takes ours; with others its own `make` makes an environment of its own."""
    environment, is_same = root / ".venv", _packages(root) == _packages(ROOT)
    if environment.is_symlink() and not is_same:
        environment.unlink()
    if is_same and not environment.exists():
        environment.symlink_to((ROOT / ".venv").resolve())


def _packages(root: Path) -> list[str]:
    lines = (root / "requirements.lock").read_text().splitlines()
    return [line for line in lines if not line.strip().startswith("#")]


def _git(*arguments: str, root: Path = ROOT) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoBaseError(f"no git: {error}") from error
    if done.returncode != 0:
        raise NoBaseError(f"git {arguments[0]} failed: {done.stderr.strip() or 'there is no such commit'}")
    return done.stdout.strip()
