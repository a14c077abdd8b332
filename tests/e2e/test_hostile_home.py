"""A checkout in a place, and an environment, that lead programs astray: all of it at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.copied_checkout import copy_checkout

from localregion.services.ports import Ports
from localregion.testing.fixtures import need_rabbitmq
from proof.checkout import ROOT

# A proxy that takes no connection; libpq's and Kong's own variables; an encoding that lacks the path's characters.
MISLEADING = {
    "http_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "PGSSLMODE": "require",
    "PGSERVICE": "nothing",
    "PGHOSTADDR": "127.0.0.9",
    "PGOPTIONS": "-c nothing=1",
    "PGTARGETSESSIONATTRS": "standby",
    "KONG_HEADERS": "nonsense",
    "PYTHONIOENCODING": "ascii",
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(services_folder: Path) -> Iterator[Run]:
    """Runs a command of the project in a checkout below a folder that only its owner may pass."""
    need_rabbitmq()
    home = copy_checkout(services_folder / "a 'home' of é 50%")
    environment = {**os.environ, **Ports.free().environment(), **MISLEADING, "PYTHONPATH": "local/region"}
    environment |= {"HOME": str(home), "OTEL_EXPORTER_OTLP_TIMEOUT": "2000"}
    environment.pop("LOCAL_DIR", None)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "localregion", *arguments]
        return subprocess.run(
            command, cwd=home, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
        )

    yield run
    run("clean")


def test_a_system_boots_and_works_in_a_hostile_home(run: Run) -> None:
    up = run("up")
    assert up.returncode == 0, up.stdout + up.stderr
    order = run("order")
    assert order.returncode == 0, order.stdout + order.stderr
    assert "invoiced after" in order.stdout
    for command in ("status", "audit", "parked"):
        done = run(command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert run("down").returncode == 0


def test_a_path_that_no_list_of_paths_can_hold_is_refused_at_once(tmp_path: Path) -> None:
    environment = {**os.environ, "LOCAL_DIR": str(tmp_path / "a:b"), "PYTHONPATH": "local/region"}
    command = [sys.executable, "-m", "localregion", "up"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "holds ':': move the project, or name another LOCAL_DIR" in done.stderr
