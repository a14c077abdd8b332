"""A database with the newest schema, on every PostgreSQL at hand: the package's own and the system's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import migrations
import psycopg
import pytest
from sqlalchemy import URL

from localregion.testing.services import RunningPostgres

SYSTEM_BIN_DIRS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "not-a-secret-in-a-test"


@pytest.fixture(
    scope="session", params=[None, *SYSTEM_BIN_DIRS], ids=lambda path: path.parent.name if path else "wheel"
)
def server(
    request: pytest.FixtureRequest, postgres: RunningPostgres, start_postgres: Callable[..., RunningPostgres]
) -> Iterator[RunningPostgres]:
    if request.param is None:
        yield postgres
        return
    if not (request.param / "postgres").exists():
        pytest.skip(f"{request.param} has no server")
    running = start_postgres(bin_dir=request.param)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def url(server: RunningPostgres) -> Iterator[URL]:
    """A database of its own, owned by a master user without superuser rights, as on RDS."""
    server.bootstrap(database="migrated", user="master", password=PASSWORD)
    yield URL.create("postgresql+psycopg", "master", PASSWORD, server.host, server.port, "migrated")
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE migrated WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated(server: RunningPostgres, url: URL) -> RunningPostgres:
    """The server with the newest schema in `migrated`; no test leaves anything in it."""
    migrations.upgrade(url)
    return server
