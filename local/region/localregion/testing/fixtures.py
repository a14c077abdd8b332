"""pytest fixtures of a session's own services; a `conftest.py` imports those that it wants.

Each is started on first use; all end with the session, also on Ctrl-C if SIGTERM is taken like it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localregion.services import rabbitmq as rabbitmq_package
from localregion.testing.services import RunningPostgres, RunningRabbitMQ

# A run has a node and several clusters in memory; Docker's 64 MB are too few.
_MEMORY_MIN_BYTES = 4 << 30


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder for the services' data: short, because socket paths are, and open to the user that Postgres runs as."""
    with tempfile.TemporaryDirectory(prefix="localregion-", dir=_memory()) as folder:
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
    need_rabbitmq()
    broker = RunningRabbitMQ(services_folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def need_rabbitmq() -> None:
    """Skip the test where RabbitMQ is not installed; raise RabbitMQMissingError where `CI=true`."""
    try:
        rabbitmq_package.find_script()
    except rabbitmq_package.RabbitMQMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def _memory() -> str | None:
    """A file system in memory, where there is one with room: Postgres makes new files for each emptied table."""
    folder = Path("/dev/shm")  # noqa: S108 - only tests' data go there, into a folder of their own
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    has_room = found.f_bavail * found.f_frsize > _MEMORY_MIN_BYTES
    return str(folder) if has_room and os.access(folder, os.W_OK) and not found.f_flag & os.ST_NOEXEC else None
