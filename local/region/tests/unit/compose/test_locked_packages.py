"""The part of the lock file that an image installs."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[5]
_spec = importlib.util.spec_from_file_location(
    "locked_packages", ROOT / "local" / "region" / "localregion" / "compose" / "locked_packages.py"
)
assert _spec is not None
assert _spec.loader is not None
locked_packages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(locked_packages)

LOCK = """\
app==1.0 \\
    --hash=sha256:aa
    # via serverless-orders (pyproject.toml:dev)
below==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via
    #   app
    #   other
deepest==3.0 \\
    --hash=sha256:dd
    # via below
other==4.0 \\
    --hash=sha256:ee
    # via serverless-orders (pyproject.toml:dev)
"""


def test_a_package_comes_with_all_that_it_needs_and_with_its_hashes() -> None:
    selected = locked_packages.selected(LOCK, ["app"])

    assert re.findall(r"^(\w+)==", selected, re.MULTILINE) == ["app", "below", "deepest"]
    assert selected in LOCK


def test_a_package_that_the_lock_file_does_not_have_is_named() -> None:
    with pytest.raises(locked_packages.UnknownPackageError, match="missing"):
        locked_packages.selected(LOCK, ["app", "missing"])


def test_a_group_is_its_packages_without_versions_and_extras() -> None:
    pyproject = '[dependency-groups]\nruns = ["psycopg[binary]>=3,<4", "Some_Thing"]\n'

    assert locked_packages.group(pyproject, "runs") == ["psycopg", "some-thing"]


def installed(target: str) -> set[str]:
    """The packages that a stage of the Dockerfile takes from the lock file."""
    dockerfile = (ROOT / "local" / "Dockerfile").read_text()
    command = re.search(rf"python locked_packages\.py ([^>]*)> {target}\.lock", dockerfile)
    assert command is not None
    arguments = command[1].replace("\\\n", " ").split()
    groups = [arguments[place + 1] for place, part in enumerate(arguments) if part == "--group"]
    named = [part for part in arguments if not part.startswith("--") and part not in groups]
    pyproject = (ROOT / "pyproject.toml").read_text()
    wanted = {*named, *(package for name in groups for package in locked_packages.group(pyproject, name))}
    selected = locked_packages.selected((ROOT / "requirements.lock").read_text(), wanted)
    return set(re.findall(r"^([\w.-]+)==", selected, re.MULTILINE))


def third_party_imports(*sources: str) -> set[str]:
    """The distributions that these folders and files import; what is no distribution is ours or Python's."""
    distributions = importlib.metadata.packages_distributions()
    paths = [path for source in sources for path in ([ROOT / source, *(ROOT / source).rglob("*.py")])]
    modules = {
        module
        for path in paths
        if path.is_file()
        for node in ast.walk(ast.parse(path.read_text()))
        for module in imported(node)
    }
    found = (provider(module, distributions.get(module.partition(".")[0], [])) for module in modules)
    return {re.sub(r"[_.]", "-", distribution.lower()) for distribution in found if distribution}


def provider(module: str, distributions: list[str]) -> str | None:
    """The distribution that a module comes from: several share a namespace such as `opentelemetry`."""
    if len(distributions) < 2:
        return next(iter(distributions), None)
    path = module.replace(".", "/")
    for distribution in distributions:
        files = {file.as_posix() for file in importlib.metadata.files(distribution) or ()}
        if files & {f"{path}.py", f"{path}/__init__.py"}:
            return distribution
    return None


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def test_the_emulators_image_has_what_functions_and_emulator_import_and_no_sdk_of_pulumi() -> None:
    names = installed("emulator")

    assert (
        third_party_imports(
            "functions", "layers", "migrations", "local/region/localregion/aws", "local/region/localregion/compose"
        )
        <= names
    )
    assert {"awslambdaric", "psycopg-binary", "uvicorn"} <= names
    assert not {name for name in names if name.startswith(("pulumi", "boto", "pytest", "embedded"))}
    assert len(names) < 30


def test_the_image_that_evaluates_infra_has_what_that_imports() -> None:
    needed = third_party_imports(
        "infra/__main__.py", "infra/configuration.py", "infra/components", "local/region/localregion/plan"
    )

    assert "pulumi-aws" in needed
    assert needed <= installed("emulator") | installed("infra")
