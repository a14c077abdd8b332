"""A function's code on this machine: how its sources appear to it, and whether they changed.

The source tree stands in for the archives that AWS gets: `dist/functions/NAME.zip` is `functions/NAME/`, a layer is
what `plan.sources` says. Each function sees a task root with its own package and an `/opt/python` with its layers,
both folders of symbolic links, so it cannot import another function, and an edit is seen without copying. Later
layers win by top-level name; AWS merges file by file. Third-party packages come from the virtual environment, which
every function sees. A layer ARN is external and left out.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from localregion.plan.model import Function
from localregion.plan.sources import function_folder, is_archive, source_folders

# What stat says about a file: when it was written, how long it is, which file it is.
Stamp = tuple[int, int, int]


class CodeNotFoundError(Exception):
    """The plan names code that is not in the source tree."""


class FunctionCode:
    """The sources of one function; `version` grows with every change that `check` finds."""

    def __init__(self, function: Function, *, root: Path, state: Path) -> None:
        self._package = function_folder(function.code, root)
        if not self._package.is_dir():
            raise CodeNotFoundError(f"code {function.code} of {function.name}: there is no folder {self._package}")
        self._layers = [layer for layer in function.layers if is_archive(layer)]
        self._root = root
        self.task_root = state / function.name / "task"
        self.layers_root = state / function.name / "opt" / "python"
        # The virtual environment stands in for layers of third-party packages.
        self.python = sys.executable
        self.site_packages: Path | None = None
        self.version = 0
        self._files: dict[str, Stamp] = {}
        self._stamps: list[tuple[str, Stamp]] = []
        self._rescan()

    def check(self) -> int:
        """Return the version of the sources as they are now; called for every invocation, so it only calls stat."""
        stat = os.stat
        try:
            for path, (mtime_ns, size, inode) in self._stamps:
                now = stat(path)
                if now.st_mtime_ns != mtime_ns or now.st_size != size or now.st_ino != inode:
                    self._rescan()
                    break
        except FileNotFoundError:
            self._rescan()
        return self.version

    def content_hash(self) -> bytes:
        """Return the SHA-256 over the names and contents of all sources."""
        digest = hashlib.sha256()
        for path in sorted(self._files):
            digest.update(f"{path}\0".encode())
            digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
        return digest.digest()

    def size(self) -> int:
        return sum(size for _, size, _ in self._files.values())

    def last_modified(self) -> datetime.datetime:
        newest_ns = max((mtime_ns for mtime_ns, _, _ in self._files.values()), default=0)
        return datetime.datetime.fromtimestamp(newest_ns / 1e9, datetime.UTC)

    def _rescan(self) -> None:
        """List the sources anew. A folder changes too when Python writes `__pycache__`: only files make a version."""
        modules = self._layer_modules()
        folders = {str(module.parent): _stamp(str(module.parent)) for module in modules.values()}
        files: dict[str, Stamp] = {}
        for path, stamp, is_folder in _walk([self._package, *modules.values()]):
            (folders if is_folder else files)[path] = stamp
        if files != self._files:
            if self._files:
                _forget_bytecode(path for path in files if files[path] != self._files.get(path))
            _link(self.task_root, {self._package.name: self._package})
            _link(self.layers_root, modules)
            self.version += 1
        self._files = files
        self._stamps = [*files.items(), *folders.items()]

    def _layer_modules(self) -> dict[str, Path]:
        """Return what stands in `/opt/python`, by name."""
        return {name: path for layer in self._layers for name, path in source_folders(layer, self._root).items()}


def _walk(roots: list[Path]) -> Iterator[tuple[str, Stamp, bool]]:
    """Yield every file and folder below the roots with its stamp and whether it is a folder."""
    for root in roots:
        if root.is_file():
            yield str(root), _stamp(str(root)), False
        for folder, subfolders, names in os.walk(root, followlinks=True):
            subfolders[:] = [name for name in subfolders if name != "__pycache__" and not name.startswith(".")]
            yield folder, _stamp(folder), True
            for name in names:
                path = os.path.join(folder, name)
                if os.path.exists(path):
                    yield path, _stamp(path), False


def _stamp(path: str) -> Stamp:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def _forget_bytecode(paths: Iterator[str]) -> None:
    """Remove cached bytecode: Python compares whole seconds and would run the old code after two quick edits."""
    for path in paths:
        if path.endswith(".py"):
            Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)


def _link(folder: Path, targets: dict[str, Path]) -> None:
    """Make the folder hold these links and nothing else: Python leaves bytecode beside the link of a lone module."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        # A function may have written here, where Lambda's file system is read-only.
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif not entry.is_symlink() or targets.get(entry.name) != entry.readlink():
            entry.unlink()
    for name, target in targets.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
