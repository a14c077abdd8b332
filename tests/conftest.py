"""What the whole suite shares: real services, the evaluated program, a live system."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.live_system import LiveSystem

from localregion.system import endpoints
from localregion.testing.fixtures import need_rabbitmq, postgres, rabbitmq, services_folder, start_postgres
from proof.chaos.own_system import OwnSystem

if TYPE_CHECKING:
    from tests.evaluations import Evaluations

__all__ = ["postgres", "rabbitmq", "services_folder", "start_postgres"]


def pytest_configure() -> None:
    # As Ctrl-C, so that fixtures end their services; pytest would die of SIGTERM on the spot.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The provider's SDK leaves millions of objects: looking for garbage among them took a third of the time.
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def evaluations() -> Evaluations:
    """The program of `infra/`: every stack is evaluated once, when a test first asks for it."""
    from tests.evaluations import Evaluations  # imports Pulumi: not while pytest collects

    return Evaluations()


@pytest.fixture(scope="session")
def live(services_folder: Path) -> Iterator[LiveSystem]:
    """A whole system, up: for the tests that use it from outside and for those that break it."""
    need_rabbitmq()
    folder = services_folder / "local"
    folder.mkdir(mode=0o711)  # Postgres does not run as root and has to reach its data
    # Beside other tests this machine is too busy for an export in 100 ms; what that costs is a test of the layer's.
    system = OwnSystem(folder, OTEL_EXPORTER_OTLP_TIMEOUT="2000")
    try:
        system.run("up")
        yield LiveSystem(system=system, endpoints=endpoints.load(system.folder))
    finally:
        system.down()
        system.close()
