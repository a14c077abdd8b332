"""Take from a wheel what Lambda needs: its modules, its data, what `importlib.metadata` reads and its licences.

https://packaging.python.org/specifications/binary-distribution-format/. Left out: tests, type stubs, sources of
compiled modules, bytecode, scripts, and what only an installer reads.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath

from packaging.metadata import Metadata

from localregion.package.entries import Entries, Entry

_FOLDERS = frozenset({"__pycache__", "test", "tests"})
_SUFFIXES = frozenset({".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyc", ".pyi", ".pyo", ".pyx"})
_NAMES = frozenset({"py.typed"})
_DIST_INFO = frozenset({"METADATA", "entry_points.txt", "top_level.txt"})
_LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_DATA = re.compile(r"[^/]+\.data/(?P<kind>[^/]+)/(?P<path>.+)")


def read_wheel(wheel: Path) -> Entries:
    """Return the files that are worth shipping, by the path at which they are imported."""
    found: Entries = {}
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            path = _installed(info.filename)
            if not info.is_dir() and path is not None and is_needed(path):
                found[path] = Entry(archive.read(info), bool(info.external_attr >> 16 & 0o100))
    return found


def read_metadata(wheel: Path) -> Metadata:
    """Return the wheel's metadata, for what it requires."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return Metadata.from_email(archive.read(name), validate=False)


def is_needed(path: str) -> bool:
    """Tell whether Lambda can have a use for a file of a package."""
    *folders, name = PurePosixPath(path).parts
    if folders and folders[0].endswith(".dist-info"):
        return (len(folders) == 1 and name in _DIST_INFO) or bool(_LICENCE.search("/".join([*folders[1:], name])))
    return _FOLDERS.isdisjoint(folders) and name not in _NAMES and PurePosixPath(name).suffix not in _SUFFIXES


def _installed(path: str) -> str | None:
    """Return where an installer would put it below site-packages; None for what goes elsewhere."""
    data = _DATA.fullmatch(path)
    if data is None:
        return path
    return data["path"] if data["kind"] in ("purelib", "platlib") else None
