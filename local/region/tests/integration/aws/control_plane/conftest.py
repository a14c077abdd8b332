"""One control plane for all tests that only add to it, and one of its own for a test that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.aws.control_plane.running_control_plane import RunningControlPlane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    running = RunningControlPlane(tmp_path_factory.mktemp("control-plane") / "state")
    yield running
    running.stop()


@pytest.fixture
def own_control_plane(tmp_path: Path) -> Iterator[RunningControlPlane]:
    running = RunningControlPlane(tmp_path / "state")
    yield running
    if running.process.poll() is None:
        running.stop()
