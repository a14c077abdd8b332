"""Two packagings for the plan's platform, in different folders, with the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from localregion.package.target import target_of
from localregion.plan.model import Plan


def hashes(dist: Path) -> dict[str, str]:
    files = [path for path in dist.rglob("*") if path.is_file()]
    return {str(path.relative_to(dist)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_packagings_have_the_same_hashes(local_plan: Plan, package: Callable[..., None], tmp_path: Path) -> None:
    for name in ("first", "second"):
        package(tmp_path / name, target_of(local_plan), compression_level=0)
    first = hashes(tmp_path / "first")
    assert first == hashes(tmp_path / "second")
    archives = {archive for function in local_plan.functions for archive in [function.code, *function.layers]}
    assert {f"dist/{path}" for path in first if path.endswith(".zip")} == archives
