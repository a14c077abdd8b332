"""The files of an archive before it is one: by path, with what they hold and whether they can be executed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One file."""

    content: bytes
    is_executable: bool = False


Entries = dict[str, Entry]


def read_sources(sources: dict[str, Path], *, below: str) -> Entries:
    """Return the files of our own sources by their path in the archive, `below` a folder such as `python/`."""
    found: Entries = {}
    for name, source in sources.items():
        for path in _files(source):
            relative = path.relative_to(source).as_posix() if path != source else ""
            found[f"{below}{name}/{relative}".rstrip("/")] = read_entry(path)
    return found


def read_entry(path: Path) -> Entry:
    return Entry(path.read_bytes(), os.access(path, os.X_OK))


def size(entries: Entries) -> int:
    return sum(len(entry.content) for entry in entries.values())


def _files(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
        inside = path.relative_to(source.parent).parts
        is_hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if path.is_file() and not is_hidden:
            yield path
