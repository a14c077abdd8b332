"""The schema's history, on every PostgreSQL at hand: the package's own and the system's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import URL

import migrations
from migrations.roles import LOGINS
from tests.services import RunningPostgres

SYSTEM_BIN_DIRS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "not-a-secret-in-a-test"


@pytest.fixture(scope="module", params=[None, *SYSTEM_BIN_DIRS], ids=lambda path: path.parent.name if path else "wheel")
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


@pytest.fixture(scope="module")
def url(server: RunningPostgres) -> Iterator[URL]:
    """A database of its own, owned by a master user without superuser rights, as on RDS."""
    server.bootstrap(database="migrated", user="master", password=PASSWORD)
    yield URL.create("postgresql+psycopg", "master", PASSWORD, server.host, server.port, "migrated")
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE migrated WITH (FORCE)")


@pytest.fixture(scope="module")
def migrated(server: RunningPostgres, url: URL) -> RunningPostgres:
    """The server with the newest schema in `migrated`; no test below leaves anything in it."""
    migrations.upgrade(url)
    return server


def query(server: RunningPostgres, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.dsn, dbname="migrated") as connection:
        return connection.execute(statement).fetchall()


def tables(server: RunningPostgres) -> set[str]:
    rows = query(
        server, "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('orders','invoices')"
    )
    return {row[0] for row in rows}


def test_there_is_one_head() -> None:
    assert ScriptDirectory.from_config(migrations.configuration()).get_heads() == [migrations.head()]


def test_up_from_empty_down_and_up_again(server: RunningPostgres, url: URL) -> None:
    migrations.upgrade(url)
    everything = tables(server)
    assert {"orders.orders", "orders.outbox", "orders.idempotency_keys", "invoices.invoices"} <= everything

    migrations.upgrade(url)
    migrations.downgrade(url, "base")
    assert tables(server) == set()

    migrations.upgrade(url)
    assert tables(server) == everything


def test_each_schema_has_its_own_owner(migrated: RunningPostgres) -> None:
    owners = query(
        migrated, "SELECT DISTINCT schemaname, tableowner FROM pg_tables WHERE schemaname IN ('orders', 'invoices')"
    )
    assert set(owners) == {("orders", "orders_owner"), ("invoices", "invoices_owner")}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders.orders VALUES (gen_random_uuid(), 'c', 0, 'BRL', 'pending', now())",
        "INSERT INTO orders.orders VALUES (gen_random_uuid(), 'c', 1000000000001, 'BRL', 'pending', now())",
        "INSERT INTO orders.orders VALUES (gen_random_uuid(), '', 1, 'BRL', 'pending', now())",
        "INSERT INTO orders.orders VALUES (gen_random_uuid(), 'c', 1, 'brl', 'pending', now())",
        "INSERT INTO orders.orders VALUES (gen_random_uuid(), 'c', 1, 'BRL', 'lost', now())",
        "INSERT INTO invoices.invoice_counter VALUES (false, 0)",
        "INSERT INTO invoices.invoice_counter VALUES (true, 0)",
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        " SELECT n, '0198f8a0-0000-7000-8000-000000000001', 'c', 1, 'BRL', now(), now() FROM generate_series(1, 2) n",
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        " SELECT 7, gen_random_uuid(), 'c', 1, 'BRL', now(), now() FROM generate_series(1, 2) n",
    ],
)
def test_the_database_itself_refuses_what_must_not_be(migrated: RunningPostgres, statement: str) -> None:
    with pytest.raises(psycopg.IntegrityError):
        query(migrated, statement + " RETURNING 1")


FORBIDDEN = {
    "create_order": [
        "SELECT FROM invoices.invoices",
        "SELECT body FROM orders.outbox",
        "UPDATE orders.orders SET amount=1",
    ],
    "get_order": ["SELECT FROM orders.outbox", "DELETE FROM orders.orders", "SELECT FROM orders.idempotency_keys"],
    "invoice_consumer": [
        "SELECT FROM orders.orders",
        "DELETE FROM invoices.invoices",
        "UPDATE invoices.invoices SET amount=1",
    ],
    "outbox_relay": [
        "SELECT FROM orders.orders",
        "SELECT FROM invoices.invoices",
        "INSERT INTO orders.outbox DEFAULT VALUES",
    ],
}


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_can_do_nothing_beyond_its_job(migrated: RunningPostgres, role: str) -> None:
    for statement in [*FORBIDDEN[role], "CREATE TABLE public.mine (x int)", "CREATE SCHEMA mine", "CREATE ROLE mine"]:
        with psycopg.connect(migrated.dsn, dbname="migrated") as connection:
            connection.execute(f"SET SESSION AUTHORIZATION {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
