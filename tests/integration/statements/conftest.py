"""Databases of their own on the session's server, with the newest schema."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import migrations
import psycopg
import pytest
from sqlalchemy import URL

from localregion.testing.services import RunningPostgres
from proof.bench.databases import beside

# One for the whole server, as elsewhere: who made the roles may grant them.
MASTER, PASSWORD = "master", "not-a-secret-in-a-test"


@pytest.fixture(scope="session")
def database(postgres: RunningPostgres) -> Iterator[Callable[[str], str]]:
    """Make a database of this name; returns the superuser's address of it. All are dropped at the end."""
    made = contextlib.ExitStack()

    def make(name: str) -> str:
        postgres.bootstrap(database=name, user=MASTER, password=PASSWORD)
        made.callback(_drop, postgres, name)
        url = URL.create("postgresql+psycopg", MASTER, PASSWORD, postgres.host, postgres.port, name)
        migrations.upgrade(url)
        return beside(postgres.dsn, name)

    with made:
        yield make


def _drop(postgres: RunningPostgres, name: str) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
