"""Real services for the whole suite, each started on first use, all ended with the session, also on Ctrl-C."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaos.own_system import OwnSystem
from system import endpoints
from system import rabbitmq as rabbitmq_package
from tests.live_system import LiveSystem
from tests.services import RunningPostgres, RunningRabbitMQ

if TYPE_CHECKING:
    from tests.evaluations import Evaluations

# A run has a node and several clusters in memory; Docker's 64 MB are too few.
MEMORY_MIN_BYTES = 4 << 30


def pytest_configure() -> None:
    # As Ctrl-C, so that fixtures end their services; pytest would die of SIGTERM on the spot.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The provider's SDK leaves millions of objects: looking for garbage among them took a third of the time.
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def evaluations() -> Evaluations:
    """The program of `infra/`: every stack is evaluated once, when somebody first asks for it."""
    from tests.evaluations import Evaluations  # imports Pulumi: not while pytest collects

    return Evaluations()


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder for the services' data: short, because socket paths are, and open to the user that Postgres runs as."""
    with tempfile.TemporaryDirectory(prefix="orders-tests-", dir=_memory()) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def start_postgres(services_folder: Path) -> Iterator[Callable[..., RunningPostgres]]:
    """Return a function that starts one more cluster: `bin_dir` for another version, `is_durable` for a real fsync."""
    with contextlib.ExitStack() as running:

        def start(*, bin_dir: Path | None = None, is_durable: bool = False) -> RunningPostgres:
            folder = Path(tempfile.mkdtemp(dir=services_folder))
            folder.chmod(0o711)
            server = RunningPostgres(folder, bin_dir=bin_dir, is_durable=is_durable)
            running.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def postgres(start_postgres: Callable[..., RunningPostgres]) -> RunningPostgres:
    """The session's Postgres; a test makes databases of its own in it."""
    return start_postgres()


@pytest.fixture(scope="session")
def rabbitmq(services_folder: Path) -> Iterator[RunningRabbitMQ]:
    """The session's RabbitMQ: it boots slowly, so there is one. Skipped where it is not installed, except in CI."""
    _need_rabbitmq()
    broker = RunningRabbitMQ(services_folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def live(services_folder: Path) -> Iterator[LiveSystem]:
    """A whole system, up: for the tests that use it from outside and for those that break it."""
    _need_rabbitmq()
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


def _memory() -> str | None:
    """A file system in memory, where there is one with room: Postgres makes new files for each emptied table."""
    folder = Path("/dev/shm")
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    has_room = found.f_bavail * found.f_frsize > MEMORY_MIN_BYTES
    return str(folder) if has_room and os.access(folder, os.W_OK) and not found.f_flag & os.ST_NOEXEC else None


def _need_rabbitmq() -> None:
    try:
        rabbitmq_package.find_script()
    except rabbitmq_package.RabbitMQMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
