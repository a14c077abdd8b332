"""The parts of the lock file that the images install: the Dockerfile's own commands are run."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from localregion.package.uv import configured_index

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".local" / "package" / "uv"
LOCK = (ROOT / "requirements.lock").read_text()
# One command on one line.
DOCKERFILE = (ROOT / "local" / "Dockerfile").read_text().replace("\\\n", " ")


def run_beside_the_lock(command: str, folder: Path, **variables: str) -> str:
    """Run a command of the Dockerfile where it has what it finds in the image; return its complaint."""
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copyfile(ROOT / name, folder / name)
    path = f"{Path(find_uv_bin()).parent}{os.pathsep}{os.environ['PATH']}"
    uv = {"UV_CACHE_DIR": str(CACHE), "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    environment = {**configured_index().environment, **uv, "PATH": path, **variables}
    child = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return child.stderr if child.returncode else ""


@functools.cache
def installed(target: str) -> dict[str, str]:
    """The packages that a stage of the Dockerfile installs, and their versions. The index is asked the first time."""
    command = re.search(rf"printf [^|&]*\| *uv pip compile [^&]*--output-file {target}\.txt -", DOCKERFILE)
    assert command is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if run_beside_the_lock(command[0], folder, UV_OFFLINE="1"):
            complaint = run_beside_the_lock(command[0], folder)
            if "error sending request" in complaint and os.environ.get("CI") != "true":
                pytest.skip("no package index answers")
            assert not complaint
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (folder / f"{target}.txt").read_text(), re.MULTILINE))


def test_uv_itself_is_installed_at_the_locked_version_by_its_hashes(tmp_path: Path) -> None:
    command = re.search(r"awk [^&]*> uv\.txt", DOCKERFILE)
    assert command is not None
    assert run_beside_the_lock(command[0], tmp_path) == ""
    entry = (tmp_path / "uv.txt").read_text()
    assert entry in LOCK
    assert re.findall(r"^([\w.-]+)==", entry, re.MULTILINE) == ["uv"]
    assert "--hash=sha256:" in entry
    assert re.search(r"pip [^&]*--require-hashes [^&]*--requirement uv\.txt", DOCKERFILE)


@pytest.mark.parametrize("target", ["emulator", "infra"])
def test_an_image_installs_versions_of_the_lock_by_its_hashes_and_builds_nothing(target: str) -> None:
    locked = set(re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE))
    assert installed(target).items() <= locked
    install = re.search(rf"uv pip install ([^&\n]*)--requirement {target}\.txt", DOCKERFILE)
    assert install is not None
    for option in ("--require-hashes", "--only-binary :all:", "--constraint requirements.lock"):
        assert option in install[1]


@pytest.mark.parametrize("requirement", ["h11==0.14.0", "not-in-the-lock==1.0"])
def test_what_the_lock_does_not_have_is_refused(requirement: str, tmp_path: Path) -> None:
    (tmp_path / "emulator.txt").write_text(f"{requirement}\n")
    install = re.search(r"uv pip install [^&\n]*--requirement emulator\.txt", DOCKERFILE)
    assert install is not None
    complaint = run_beside_the_lock(f"{install[0]} --target . --offline", tmp_path)
    assert f"must have a hash, but none were provided for: {requirement}" in complaint


def third_party_imports(*sources: str, without: tuple[str, ...] = ()) -> set[str]:
    """The distributions that these folders and files import; what is no distribution is ours or Python's."""
    distributions = importlib.metadata.packages_distributions()
    left_out = [ROOT / folder for folder in without]
    found = [path for source in sources for path in ([ROOT / source, *(ROOT / source).rglob("*.py")])]
    paths = [path for path in found if not any(path.is_relative_to(folder) for folder in left_out)]
    modules = {
        module
        for path in paths
        if path.is_file()
        for node in ast.walk(ast.parse(path.read_text()))
        for module in imported(node)
    }
    providers = (provider(module, distributions.get(module.partition(".")[0], [])) for module in modules)
    return {re.sub(r"[_.]", "-", distribution.lower()) for distribution in providers if distribution}


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
    names = installed("emulator").keys()

    assert (
        third_party_imports(
            *("functions", "layers", "migrations", "local/region/localregion/aws", "local/region/localregion/compose"),
            # A region that others deploy into runs on no image.
            without=("local/region/localregion/aws/control_plane", "local/region/localregion/aws/region"),
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
    assert needed <= installed("emulator").keys() | installed("infra").keys()
