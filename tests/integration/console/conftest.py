"""The console of the orders system for these tests, before a migrated database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import migrations
import psycopg
import pytest
from integration.console.canned import PLAN, USUAL
from integration.console.console_process import RunningConsole, console_of
from sqlalchemy import URL

from localregion.testing.services import RunningPostgres
from proof.checkout import ROOT

DATABASE, PASSWORD = "console", "not-a-secret-in-a-test"
KEYS = {"demo": "key-of-demo", "other": "key-of-other"}
WEBHOOKS = {"default": "c2VjcmV0LW9mLWEtdGVzdA=="}


@pytest.fixture(scope="session")
def dsn(postgres: RunningPostgres) -> Iterator[str]:
    """A database with the newest schema; the address is its master user's."""
    postgres.bootstrap(database=DATABASE, user="master", password=PASSWORD)
    migrations.upgrade(URL.create("postgresql+psycopg", "master", PASSWORD, postgres.host, postgres.port, DATABASE))
    yield f"postgresql://master:{PASSWORD}@{postgres.host}:{postgres.port}/{DATABASE}"
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="session")
def running(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    known = {"postgres": dsn, "keys": KEYS, "webhooks": WEBHOOKS}
    with console_of(ROOT, tmp_path_factory.mktemp("state"), PLAN, known) as running:
        yield running


@pytest.fixture
def console(running: RunningConsole, dsn: str) -> RunningConsole:
    """The same, before empty tables and neighbours that answer as usual."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "TRUNCATE orders.orders, orders.outbox, orders.idempotency_keys,"
            " invoices.invoices, invoices.parked_messages, orders.parked_messages, invoices.outbox,"
            " invoices.unmatched_payments CASCADE"
        )
    running.neighbours.answers = dict(USUAL)
    running.neighbours.asked.clear()
    return running
