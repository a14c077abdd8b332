"""`dist/manifest.json`: what each archive was made from, its hash and its sizes.

By it the next run knows what it can leave alone; it says nothing about when or where, so it is reproducible too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Built:
    """One archive; sizes in bytes, `packages` unpacked; `platform` is the name of the target."""

    made_from: str
    platform: str
    sha256: str
    zipped: int
    unzipped: int
    packages: dict[str, int]


def read(dist: Path) -> dict[str, Built]:
    """Return the archives by their path below `dist`; none where there is no manifest that can be read."""
    try:
        found = json.loads((dist / NAME).read_text())
        return {path: Built(**entry) for path, entry in found.items()}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def write(dist: Path, archives: dict[str, Built]) -> None:
    entries = {path: asdict(archives[path]) for path in sorted(archives)}
    (dist / NAME).write_text(json.dumps(entries, indent=2) + "\n")
