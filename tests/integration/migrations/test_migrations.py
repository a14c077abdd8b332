"""The schema's history, on every PostgreSQL at hand."""

from __future__ import annotations

from typing import Any

import migrations
import psycopg
import pytest
from alembic.script import ScriptDirectory
from migrations.roles import LOGINS
from sqlalchemy import URL

from localregion.testing.services import RunningPostgres

SCHEMAS = ("orders", "invoices", "customers", "audit")


def query(server: RunningPostgres, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.dsn, dbname="migrated") as connection:
        return connection.execute(statement).fetchall()


def tables(server: RunningPostgres) -> set[str]:
    rows = query(
        server,
        f"SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN {SCHEMAS}",
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
        migrated,
        f"SELECT DISTINCT schemaname, tableowner FROM pg_tables WHERE schemaname IN {SCHEMAS}",
    )
    assert set(owners) == {(schema, f"{schema}_owner") for schema in SCHEMAS}


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


def test_going_back_one_release_leaves_its_schema_as_it_was(server: RunningPostgres, url: URL) -> None:
    """Rights included: no login keeps one that the older release does not know, none misses one."""
    migrations.downgrade(url, "base")
    migrations.upgrade(url, "0001")
    before = rights(server)
    migrations.upgrade(url)
    assert rights(server) != before

    migrations.downgrade(url, "0001")
    assert rights(server) == before
    migrations.upgrade(url)


def rights(server: RunningPostgres) -> set[tuple[Any, ...]]:
    """Every column and what each login may do with it."""
    return set(
        query(
            server,
            "SELECT table_name, column_name, grantee, privilege_type FROM information_schema.column_privileges"
            f" WHERE grantee IN ({', '.join(map(repr, LOGINS))})",
        )
    )
