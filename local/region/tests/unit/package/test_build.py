"""A build of a tiny project: what it makes, what it leaves alone, what it refuses."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from unit.package.synthetic_wheel import write_wheel

from localregion.package import manifest
from localregion.package.build import Job, build
from localregion.package.errors import PackagingError
from localregion.package.manifest import Built
from localregion.package.report import UNZIPPED_MAX, ZIPPED_MAX, refuse_oversize, table
from localregion.package.target import target_of, this_machine
from localregion.plan.model import Function, Plan


def function(name: str, *layers: str, **changes: Any) -> Function:
    fields = {
        "name": f"dev-{name}",
        "arn": "",
        "handler": f"{name}.handler.lambda_handler",
        "runtime": "python3.13",
        "architecture": "arm64",
        "memory_mb": 128,
        "timeout_s": 3,
        "environment": {},
        "code": f"dist/functions/{name}.zip",
        "layers": [layer if layer.startswith("arn:") else f"dist/layers/{layer}.zip" for layer in layers],
    }
    return Function(**{**fields, **changes})


def plan_of(*functions: Function) -> Plan:
    """Packaging asks a plan for its functions only."""
    return cast("Plan", SimpleNamespace(functions=list(functions)))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    wheels = tmp_path / "wheels"
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    root = tmp_path / "project"
    for path in ("functions/greet/handler.py", "layers/contracts/python/contracts/__init__.py", "migrations/env.py"):
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text("x = 1\n")
    lock = write_wheel(wheels, "thing", {"thing.py": ""})
    lock += write_wheel(wheels, "alone", {"alone.py": ""}, requires="thing")
    lock += write_wheel(wheels, "schema", {"schema.py": ""}, requires="thing")
    (root / "requirements.lock").write_text(lock)
    (root / "pyproject.toml").write_text(
        '[dependency-groups]\nfunctions = ["alone"]\nrelease = ["schema"]\n'
        '[tool.localregion.layers]\nmigrations = { sources = ["migrations"], group = "release" }\n'
    )
    plan = plan_of(function("greet", "dependencies", "contracts", "migrations", "arn:aws:lambda:::layer:theirs:1"))
    return Job(
        plan=plan,
        target=target_of(plan),
        root=root,
        dist=tmp_path / "dist",
        cache=tmp_path / "cache",
        compiler=None,
        progress=lambda line: None,
    )


@pytest.fixture
def progress() -> tuple[list[str], Callable[[str], None]]:
    lines: list[str] = []
    return lines, lines.append


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return [name for name in file.namelist() if "dist-info" not in name]


def test_every_archive_of_the_plan_is_built_and_nothing_is_in_two_layers(job: Job) -> None:
    build(job)
    assert {str(path.relative_to(job.dist)): names(path) for path in job.dist.rglob("*.zip")} == {
        "functions/greet.zip": ["greet/handler.py"],
        "layers/contracts.zip": ["python/contracts/__init__.py"],
        "layers/dependencies.zip": ["python/alone.py", "python/thing.py"],
        "layers/migrations.zip": ["python/migrations/env.py", "python/schema.py"],
    }


def test_a_package_that_two_functions_run_is_built_once(job: Job) -> None:
    other = dataclasses.replace(job.plan.functions[0], name="dev-greet_again")
    built = build(dataclasses.replace(job, plan=plan_of(*job.plan.functions, other)))
    assert [path for path in built if path.startswith("functions/")] == ["functions/greet.zip"]
    assert "dev-greet_again" in table(plan_of(other), built)


def test_only_what_changed_is_built_again(job: Job, progress: tuple[list[str], Callable[[str], None]]) -> None:
    build(job)
    before = {path: path.stat().st_mtime_ns for path in job.dist.rglob("*.zip")}
    (job.root / "functions/greet/handler.py").write_text("x = 2\n")
    (job.dist / "layers/contracts.zip").write_bytes(b"damaged")
    lines, append = progress
    build(dataclasses.replace(job, progress=append))
    assert lines[1:] == [
        "  layers/contracts.zip built",
        "  layers/dependencies.zip unchanged",
        "  layers/migrations.zip unchanged",
        "  functions/greet.zip built",
    ]
    unchanged = job.dist / "layers/dependencies.zip"
    assert unchanged.stat().st_mtime_ns == before[unchanged]


def test_an_archive_holds_nothing_that_installers_write(job: Job, tmp_path: Path) -> None:
    build(job)
    with zipfile.ZipFile(job.dist / "layers/dependencies.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert [name for name in content if "dist-info" in name] == [
        "python/alone-1.0.dist-info/METADATA",
        "python/thing-1.0.dist-info/METADATA",
    ]
    assert [name for name, file in content.items() if str(tmp_path).encode() in file] == []


def test_an_empty_cache_and_a_full_one_yield_the_same_bytes(job: Job, tmp_path: Path) -> None:
    first = build(job)
    again = [
        build(dataclasses.replace(job, dist=tmp_path / name, cache=cache))
        for name, cache in (("full", job.cache), ("empty", tmp_path / "other"))
    ]
    assert again == [first, first]


def test_a_project_without_the_group_of_a_layer_that_no_function_has_is_packaged(job: Job) -> None:
    pyproject = job.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('release = ["schema"]\n', ""))
    assert "layers/dependencies.zip" in build(dataclasses.replace(job, plan=plan_of(function("greet", "dependencies"))))
    with pytest.raises(PackagingError, match="dependency group 'release' was not found"):
        build(job)


def test_what_the_plan_no_longer_has_goes(job: Job) -> None:
    build(job)
    build(dataclasses.replace(job, plan=plan_of(function("greet", "dependencies"))))
    assert [path.name for path in sorted(job.dist.rglob("*.zip"))] == ["greet.zip", "dependencies.zip"]


def test_a_layer_that_stands_on_dependencies_is_refused_without_it(job: Job) -> None:
    with pytest.raises(PackagingError, match="dev-greet has layer migrations without dependencies"):
        build(dataclasses.replace(job, plan=plan_of(function("greet", "migrations"))))


def test_functions_of_two_architectures_cannot_share_layers() -> None:
    with pytest.raises(PackagingError, match=r"not one runtime and architecture.*arm64.*x86_64"):
        target_of(plan_of(function("greet"), function("part", architecture="x86_64")))


def test_the_report_names_the_largest_packages(job: Job) -> None:
    text = table(job.plan, build(job))
    assert "layers/dependencies.zip" in text
    assert "  alone" in text
    assert "dev-greet" in text


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"zipped": ZIPPED_MAX + 1, "unzipped": 1}, r"layers/contracts\.zip has .* zipped, Lambda takes *51,200 KB"),
        ({"zipped": 1, "unzipped": UNZIPPED_MAX}, r"dev-greet has .* unzipped .* the largest is layers/contracts\.zip"),
    ],
)
def test_what_lambda_would_refuse_is_refused(size: dict[str, int], message: str) -> None:
    built = {
        "functions/greet.zip": Built(made_from="", platform="", sha256="", zipped=1, unzipped=1, packages={}),
        "layers/contracts.zip": Built(made_from="", platform="", sha256="", packages={}, **size),
    }
    with pytest.raises(PackagingError, match=message):
        refuse_oversize(plan_of(function("greet", "contracts")), built)


def test_the_manifest_says_what_each_archive_is_for_also_where_its_bytes_are_the_same(job: Job) -> None:
    here = this_machine()
    assert {each.platform for each in build(job).values()} == {"python3.13-aarch64"}

    build(dataclasses.replace(job, target=here))

    assert {each.platform for each in manifest.read(job.dist).values()} == {here.name}
