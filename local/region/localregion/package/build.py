"""Build the archives of a plan into a folder; what is there already and would be the same stays untouched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from localregion.package import entries as files
from localregion.package import manifest
from localregion.package.archive import COMPRESSION_LEVEL, to_zip
from localregion.package.artefact import Artefact, artefacts, own_layers
from localregion.package.bytecode import Compiler
from localregion.package.errors import PackagingError
from localregion.package.manifest import Built
from localregion.package.target import Target
from localregion.package.third_party import DEPENDENCIES_LAYER, layer_groups, third_party_packages
from localregion.plan.model import Plan
from localregion.plan.sources import layer_name


@dataclass(frozen=True, kw_only=True)
class Job:
    """`root` is the project, `dist` where the archives go, `cache` uv's cache; no compiler: no bytecode."""

    plan: Plan
    target: Target
    root: Path
    dist: Path
    cache: Path
    compiler: Compiler | None
    progress: Callable[[str], None]
    compression_level: int = COMPRESSION_LEVEL


def build(job: Job) -> dict[str, Built]:
    """Return the archives by their path below `dist`. Raises PackagingError."""
    _refuse_half_layers(job.plan, job.root)
    job.progress(f"packaging for {job.target.name}")
    layers = {layer_name(layer) for function in job.plan.functions for layer in own_layers(function)}
    third_party = third_party_packages(layers, root=job.root, cache=job.cache, target=job.target)
    before = manifest.read(job.dist)
    built = {
        artefact.path: _build(artefact, job, before.get(artefact.path))
        for artefact in artefacts(job.plan, job.root, third_party)
    }
    for path in before.keys() - built.keys():
        (job.dist / path).unlink(missing_ok=True)
        job.progress(f"  {path} removed: the plan has none")
    manifest.write(job.dist, built)
    return built


def _build(artefact: Artefact, job: Job, before: Built | None) -> Built:
    packages = artefact.packages()
    made_from = artefact.made_from(packages, job.compiler)
    path = job.dist / artefact.path
    if before and before.made_from == made_from and path.is_file() and _sha256(path) == before.sha256:
        job.progress(f"  {artefact.path} unchanged")
        # Sources alone are the same for every platform.
        return replace(before, platform=job.target.name)
    content, sizes = artefact.all_files(packages, job.compiler)
    _replace(path, to_zip(content, job.compression_level))
    job.progress(f"  {artefact.path} built")
    return Built(
        made_from=made_from,
        platform=job.target.name,
        sha256=_sha256(path),
        zipped=path.stat().st_size,
        unzipped=files.size(content),
        packages=sizes,
    )


def _refuse_half_layers(plan: Plan, root: Path) -> None:
    """A function with a layer that leaves out what `dependencies` has must have that layer as well."""
    half = layer_groups(root).keys() - {DEPENDENCIES_LAYER}
    for function in plan.functions:
        names = {layer_name(layer) for layer in function.layers}
        if (needing := names & half) and DEPENDENCIES_LAYER not in names:
            raise PackagingError(
                f"{function.name} has layer {min(needing)} without {DEPENDENCIES_LAYER}, which holds half of it"
            )


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all: a deployment may read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_bytes(content)
    os.replace(half, path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
