"""Take from an installation what Lambda needs: modules, data, what `importlib.metadata` reads, and licences.

Left out: tests, type stubs, sources of compiled modules, bytecode, scripts, and what only an installer reads or writes.
So nothing is taken that tells where or by what it was installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from localregion.package.entries import Entries, Entry, read_entry
from localregion.package.errors import PackagingError

_FOLDERS = frozenset({"__pycache__", "test", "tests"})
_SUFFIXES = frozenset({".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyc", ".pyi", ".pyo", ".pyx"})
_NAMES = frozenset({"py.typed"})
_DIST_INFO = frozenset({"METADATA", "entry_points.txt", "top_level.txt"})
_LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


def read_packages(prefix: Path) -> dict[str, Entries]:
    """Return the files that are worth shipping, by package and by the path at which they are imported."""
    folders = [str(folder) for folder in sorted(prefix.glob("lib*/python*/site-packages"))]
    found = {canonicalize_name(package.name): _files(package) for package in distributions(path=folders)}
    return dict(sorted(found.items()))


def is_needed(path: str) -> bool:
    """Tell whether Lambda can have a use for a file of a package. Scripts and headers stand outside of it."""
    *folders, name = PurePosixPath(path).parts
    if folders and folders[0] == "..":
        return False
    if folders and folders[0].endswith(".dist-info"):
        return (len(folders) == 1 and name in _DIST_INFO) or bool(_LICENCE.search("/".join([*folders[1:], name])))
    return _FOLDERS.isdisjoint(folders) and name not in _NAMES and PurePosixPath(name).suffix not in _SUFFIXES


def _files(package: Distribution) -> Entries:
    """Follow the package's own record: https://packaging.python.org/specifications/recording-installed-packages/."""
    found: Entries = {}
    for path, digest, _ in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if is_needed(path):
            found[path] = read_entry(Path(str(package.locate_file(path))))
            if not _has_digest(found[path], digest):
                raise PackagingError(f"{path} of {package.name} is damaged in uv's cache: remove the cache")
    return found


def _has_digest(entry: Entry, digest: str) -> bool:
    """Compare with `sha256=…`, urlsafe base64 without padding; where the wheel names none, anything will do."""
    algorithm, _, expected = digest.partition("=")
    return not expected or expected == base64.urlsafe_b64encode(
        hashlib.new(algorithm, entry.content).digest()
    ).decode().rstrip("=")
