"""Read `requirements.lock`: which version of each package, with which hashes, and who asked for it.

The lock is universal and holds the tools as well; `closure` follows its `# via` comments from a group's own
requirements, which yields all that they may need. The wheels' own metadata then say what of it they do need.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from localregion.package.errors import PackagingError
from localregion.package.target import Target

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: *; *(?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"# {1,3}(?:via )?([A-Za-z0-9._-]+)")


@dataclass(frozen=True, kw_only=True)
class Locked:
    """One package of the lock; `via` are the packages that require it."""

    name: NormalizedName
    version: str
    marker: Marker | None
    hashes: frozenset[str]
    via: frozenset[NormalizedName]

    def is_for(self, target: Target) -> bool:
        return self.marker is None or self.marker.evaluate(target.marker_environment())


def read_lock(text: str) -> dict[NormalizedName, Locked]:
    """Raises PackagingError for a requirement that is not pinned with hashes."""
    blocks = re.split(r"\n(?=[^\s#])", text.strip())
    locked = [_locked(block) for block in blocks if not block.startswith("#")]
    return {package.name: package for package in locked}


def _locked(block: str) -> Locked:
    first, *rest = block.splitlines()
    pinned = _PINNED.match(first)
    hashes = frozenset(_HASH.findall(block))
    if pinned is None or not hashes:
        line = first.rstrip(" \\")
        raise PackagingError(f"requirements.lock does not pin {line!r} with hashes: run `make lock`")
    marker = pinned["marker"]
    comments = [line.strip() for line in rest if line.strip().startswith("#")]
    return Locked(
        name=canonicalize_name(pinned["name"]),
        version=pinned["version"],
        marker=Marker(marker.strip()) if marker else None,
        hashes=hashes,
        via=frozenset(canonicalize_name(via[1]) for line in comments if (via := _VIA.match(line)) and via[1] != "via"),
    )


def read_group(pyproject: Path, group: str) -> list[Requirement]:
    """Return the requirements of a dependency group (PEP 735), those of the groups it includes too."""
    groups = tomllib.loads(pyproject.read_text())["dependency-groups"]
    if group not in groups:
        raise PackagingError(f"{pyproject.name} has no dependency group {group!r}")
    found: list[Requirement] = []
    for entry in groups[group]:
        included = isinstance(entry, dict)
        found += read_group(pyproject, entry["include-group"]) if included else [Requirement(entry)]
    return found


def closure(
    lock: dict[NormalizedName, Locked], requirements: Iterable[Requirement], target: Target
) -> dict[NormalizedName, Locked]:
    """Return what the requirements may need on the target. Raises PackagingError for one that is not locked."""
    wanted = {canonicalize_name(requirement.name) for requirement in requirements}
    if missing := wanted - lock.keys():
        raise PackagingError(f"requirements.lock has no {', '.join(sorted(missing))}: run `make lock`")
    while more := {name for name, package in lock.items() if package.via & wanted} - wanted:
        wanted |= more
    return {name: lock[name] for name in sorted(wanted) if lock[name].is_for(target)}
