"""`pip install ./local/region` into an empty environment, and the page "your own program" by that installation alone.

It needs the package index: skipped without, except where `CI=true`.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.examples.own_program import copy_example
from uv import find_uv_bin

from localregion.package.uv import configured_index
from localregion.project import PACKAGE_PARENT
from localregion.services.ports import Ports
from localregion.testing.fixtures import need_rabbitmq

PAGE = PACKAGE_PARENT.parents[1] / "docs" / "your-own-program.md"
_INSTALL_TIMEOUT_S = 300
_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def environment() -> Iterator[Path]:
    """An environment with what the page's first step installs, by uv, which has most of it at hand."""
    with tempfile.TemporaryDirectory(prefix="localregion-installed-") as folder:
        path = Path(folder) / "venv"
        index = configured_index()
        uv = [find_uv_bin(), "--quiet"]
        subprocess.run([*uv, "venv", path], env=index.environment, check=True, timeout=_INSTALL_TIMEOUT_S)
        packages = [str(PACKAGE_PARENT), "pulumi-aws"]
        done = subprocess.run(
            [*uv, "pip", "install", *index.flags, "--python", path / "bin" / "python", *packages],
            env=index.environment,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_S,
            check=False,
        )
        if done.returncode and os.environ.get("CI") != "true":
            pytest.skip(f"the package index does not answer: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stderr
        yield path


def environ(environment: Path, **more: str) -> dict[str, str]:
    """What a shell has in which the environment is active; no path leads to the checkout."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.endswith("_PORT")}
    return {**outside, "PATH": f"{environment / 'bin'}:{outside['PATH']}", **more}


def shell(script: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )


def test_the_command_says_what_it_can_do_outside_of_any_project(environment: Path, tmp_path: Path) -> None:
    done = shell("localregion --help", tmp_path, environ(environment))

    assert done.returncode == 0
    assert "localregion COMMAND" in done.stdout
    assert "\n  up " in done.stdout


def test_what_is_no_source_code_is_installed(environment: Path, tmp_path: Path) -> None:
    script = "import localregion; print(localregion.__path__[0])"
    package = Path(shell(f"python -c '{script}'", tmp_path, environ(environment)).stdout.strip())
    installed, ours = (
        {path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        for root in (package, PACKAGE_PARENT / "localregion")
    )

    assert environment in package.parents
    assert installed == ours
    assert {path.suffix for path in installed} >= {".py", ".html", ".js", ".css", ".script"}


def test_the_example_is_planned(environment: Path, tmp_path: Path) -> None:
    root = copy_example(tmp_path)
    done = shell("localregion plan", root, environ(environment))

    assert done.returncode == 0, done.stderr
    assert "1 functions, 1 event source mappings, 1 secrets" in done.stdout
    assert (root / ".local" / "plan.json").is_file()


def test_the_page_leads_from_an_empty_folder_to_a_message_in_the_function(environment: Path, tmp_path: Path) -> None:
    need_rabbitmq()
    install, *steps = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    variables = environ(environment, **Ports.free().environment())
    try:
        done = shell("\n".join(steps), tmp_path, variables)
    finally:
        shell("cd hello && localregion down", tmp_path, variables)

    assert 'pip install "$CHECKOUT/local/region" pulumi-aws' in install
    assert "\nup after " in done.stdout, done.stdout + done.stderr
    assert re.search(r"^hello +Enabled", done.stdout, re.MULTILINE), done.stdout
    assert "greeter | hello, world" in done.stdout.splitlines(), done.stdout + done.stderr
