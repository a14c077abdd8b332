"""The logins of people: neither comes in until a release says so; one reads everything, one changes rows, no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import migrations
import psycopg
import pytest
from migrations.roles import PEOPLE
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import URL
from tests.integration.migrations.conftest import PASSWORD
from tests.integration.migrations.test_roles import ESCAPES, attempts, is_allowed

from localregion.testing.services import RunningPostgres
from release.people import admit_to_database as admit


@pytest.fixture
def master(migrated: RunningPostgres, url: URL) -> Iterator[psycopg.Connection[Any]]:
    """The master user's connection, on a server that has RDS's role; at the end no person is admitted."""
    with psycopg.connect(migrated.dsn, autocommit=True) as admin:
        for role in PEOPLE:
            admin.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        if admin.execute("SELECT FROM pg_roles WHERE rolname = 'rds_iam'").fetchone() is None:
            admin.execute("CREATE ROLE rds_iam NOLOGIN")
        admin.execute("GRANT rds_iam TO master WITH ADMIN OPTION")
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(False), autocommit=True) as connection:
        yield connection
        admit(connection, [])
    with psycopg.connect(migrated.dsn, autocommit=True) as admin:
        admin.execute("DROP OWNED BY rds_iam; DROP ROLE rds_iam")


def logged_in(server: RunningPostgres, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(server.dsn_for(role, PASSWORD, "migrated"))


def of_orders_and_invoices(tried: dict[tuple[str, str, str], str]) -> dict[tuple[str, str, str], str]:
    """Without the customers' keys, which people ask `operations` for."""
    return {key: each for key, each in tried.items() if key[1].startswith(("orders.", "invoices."))}


@pytest.mark.parametrize("role", PEOPLE)
def test_no_person_comes_in_until_a_release_admits_them_nor_after_one_that_does_not(
    migrated: RunningPostgres, master: psycopg.Connection[Any], role: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        logged_in(migrated, role)

    admit(master, [role])
    logged_in(migrated, role).close()
    other = next(name for name in PEOPLE if name != role)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        logged_in(migrated, other)

    admit(master, [])
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        logged_in(migrated, role)


def test_migrations_admit_no_one_and_lock_no_one_out(
    migrated: RunningPostgres, master: psycopg.Connection[Any], url: URL
) -> None:
    admit(master, ["on_call"])
    migrations.upgrade(url)

    logged_in(migrated, "on_call").close()


def test_who_looks_reads_every_table_and_changes_none(
    migrated: RunningPostgres, master: psycopg.Connection[Any]
) -> None:
    admit(master, ["on_call"])
    tried = of_orders_and_invoices(attempts(migrated))
    with logged_in(migrated, "on_call") as connection:
        # The default of its transactions is for slips; the rights are what holds.
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        allowed = {kind for (kind, _, _), statement in tried.items() if is_allowed(connection, statement)}
        refused = {
            key for key, statement in tried.items() if key[0] == "SELECT" and not is_allowed(connection, statement)
        }
        escaped = [statement for statement in ESCAPES if is_allowed(connection, statement)]

    assert (allowed, refused, escaped) == ({"SELECT"}, set(), [])


def test_transactions_of_who_looks_are_read_only_unless_they_say_otherwise(
    migrated: RunningPostgres, master: psycopg.Connection[Any]
) -> None:
    admit(master, ["on_call"])
    with logged_in(migrated, "on_call") as connection, pytest.raises(ReadOnlySqlTransaction):
        connection.execute("SELECT 1 FROM orders.orders FOR UPDATE")


def test_who_breaks_the_glass_changes_rows_and_no_table(
    migrated: RunningPostgres, master: psycopg.Connection[Any]
) -> None:
    admit(master, ["break_glass"])
    tried = of_orders_and_invoices(attempts(migrated))
    with logged_in(migrated, "break_glass") as connection:
        refused = {kind for (kind, _, _), statement in tried.items() if not is_allowed(connection, statement)}
        escaped = [statement for statement in ESCAPES if is_allowed(connection, statement)]

    assert (refused, escaped) == ({"TRUNCATE"}, [])


@pytest.mark.parametrize("role", PEOPLE)
def test_people_see_the_sessions_of_others(
    migrated: RunningPostgres, master: psycopg.Connection[Any], role: str
) -> None:
    admit(master, [role])
    with logged_in(migrated, role) as connection:
        seen = connection.execute("SELECT query FROM pg_stat_activity WHERE usename = 'master'").fetchall()

    assert seen
    assert all("insufficient privilege" not in query for (query,) in seen)


@pytest.mark.parametrize("role", PEOPLE)
def test_people_reach_no_other_schema(migrated: RunningPostgres, master: psycopg.Connection[Any], role: str) -> None:
    admit(master, [role])
    tried = attempts(migrated)
    others = {key: tried[key] for key in tried.keys() - of_orders_and_invoices(tried).keys()}
    assert others
    with logged_in(migrated, role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        assert [key for key, statement in others.items() if is_allowed(connection, statement)] == []
