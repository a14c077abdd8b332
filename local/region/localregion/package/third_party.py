"""Which packages go into which layer: exactly what a dependency group needs on the target, and nothing twice.

What Lambda's runtime has by itself is left out: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from localregion.package.errors import PackagingError
from localregion.package.lock import closure, read_group, read_lock
from localregion.package.target import Target
from localregion.package.wheel_content import read_metadata
from localregion.package.wheels import Wheel, WheelCache

DEPENDENCIES_LAYER = "dependencies"
LAYER_GROUPS = {DEPENDENCIES_LAYER: "functions", "migrations": "release"}
OF_THE_RUNTIME = frozenset({"awslambdaric", "boto3", "botocore", "s3transfer", "simplejson", "snapshot-restore-py"})


def third_party_wheels(root: Path, target: Target, cache: WheelCache) -> dict[str, list[Wheel]]:
    """Return each layer's wheels; a layer that stands on `dependencies` holds only what that one lacks."""
    lock = read_lock((root / "requirements.lock").read_text())
    groups = {layer: read_group(root / "pyproject.toml", group) for layer, group in LAYER_GROUPS.items()}
    candidates = {
        name: package
        for requirements in groups.values()
        for name, package in closure(lock, requirements, target).items()
        if name not in OF_THE_RUNTIME
    }
    wheels = {wheel.package.name: wheel for wheel in cache.fetch(candidates.values())}
    metadata = {name: read_metadata(wheel.path) for name, wheel in wheels.items()}
    chosen = {layer: needed(requirements, metadata, target) for layer, requirements in groups.items()}
    below = chosen[DEPENDENCIES_LAYER]
    return {
        layer: [wheels[name] for name in sorted(names if layer == DEPENDENCIES_LAYER else names - below)]
        for layer, names in chosen.items()
    }


def needed(
    requirements: Iterable[Requirement], metadata: dict[NormalizedName, Metadata], target: Target
) -> set[NormalizedName]:
    """Follow the requirements through the wheels' own metadata, extras included.

    Raises PackagingError for a requirement that no wheel meets: the lock is older than the metadata.
    """
    environment = target.marker_environment()
    found: set[tuple[NormalizedName, str]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in OF_THE_RUNTIME:
            continue
        if name not in metadata:
            raise PackagingError(f"nothing in requirements.lock meets {requirement}: run `make lock`")
        for extra in {"", *requirement.extras} - {extra for known, extra in found if known == name}:
            found.add((name, extra))
            waiting += [
                wanted
                for wanted in metadata[name].requires_dist or ()
                if wanted.marker is None or wanted.marker.evaluate({**environment, "extra": extra})
            ]
    return {name for name, _ in found}
