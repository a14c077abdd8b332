"""Each login does its job and nothing beyond: what is its job works, everything else is tried and refused.

Every right that a login has on a column is named in `rights_of_logins`; that the functions' own statements work with
them is what their integration tests show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from migrations.roles import LOGINS, OWNERS
from tests.integration.migrations.conftest import PASSWORD
from tests.integration.migrations.jobs_of_logins import JOB
from tests.integration.migrations.rights_of_logins import CALLS, RIGHTS

from localregion.testing.services import RunningPostgres

ESCAPES = [
    "CREATE TABLE public.mine (x int)",
    "CREATE TABLE orders.mine (x int)",
    "CREATE TABLE invoices.mine (x int)",
    "CREATE TABLE customers.mine (x int)",
    "CREATE TEMPORARY TABLE mine (x int)",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE public.mine AS ENUM ('x')",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "DROP EXTENSION plpgsql CASCADE",
    "CREATE TRIGGER mine BEFORE INSERT ON orders.orders EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER TABLE orders.orders DROP CONSTRAINT orders_amount_check",
    "ALTER TABLE invoices.invoices DROP CONSTRAINT invoices_order_id_key",
    "ALTER TABLE orders.orders DISABLE TRIGGER ALL",
    "ALTER SCHEMA orders RENAME TO mine",
    "DROP TABLE orders.orders",
    "DROP SCHEMA invoices CASCADE",
    "CREATE INDEX ON invoices.invoices (customer_id)",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_ls_dir('/')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT lo_import('/etc/hostname')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION postgres",
    "SELECT * FROM alembic_version",
    "UPDATE alembic_version SET version_num = '0001'",
]

FUNCTIONS = (
    "SELECT nspname || '.' || proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace"
    " WHERE nspname IN ('orders', 'invoices', 'customers', 'audit')"
)


@pytest.fixture(params=sorted(LOGINS))
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connection(migrated: RunningPostgres, role: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that logged in as the role; nothing is committed."""
    with psycopg.connect(migrated.dsn, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
    with psycopg.connect(migrated.dsn_for(role, PASSWORD, "migrated")) as connected:
        yield connected
        connected.rollback()


def is_allowed(connection: psycopg.Connection[Any], statement: str) -> bool:
    """Try a statement and undo it. Any failure but the want of a right is allowed."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.ActiveSqlTransaction:
        return is_allowed_alone(connection, statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.Error:
        return True
    return True


def is_allowed_alone(connection: psycopg.Connection[Any], statement: str) -> bool:
    """Try a statement that refuses to run in a transaction."""
    connection.rollback()
    connection.autocommit = True
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    finally:
        connection.autocommit = False
    return True


def test_a_login_does_its_job(connection: psycopg.Connection[Any], role: str) -> None:
    for statement in JOB[role]:
        connection.execute(statement)


def test_a_login_has_its_rights_on_columns_and_no_others(
    connection: psycopg.Connection[Any], role: str, migrated: RunningPostgres
) -> None:
    tried = attempts(migrated)
    expected = {key for key in tried if is_right(role, *key)}

    assert {key for key, statement in tried.items() if is_allowed(connection, statement)} == expected
    assert {key[:2] for key in expected} == RIGHTS[role].keys()


def test_a_login_may_call_its_functions_and_no_others(
    connection: psycopg.Connection[Any], role: str, migrated: RunningPostgres
) -> None:
    with psycopg.connect(migrated.dsn, dbname="migrated") as admin:
        functions = [row[0] for row in admin.execute(FUNCTIONS)]

    allowed = {name for name in functions if is_allowed(connection, f"SELECT {name}(NULL)")}
    assert allowed == CALLS.get(role, set())
    assert {*functions} == set().union(*CALLS.values())


def attempts(server: RunningPostgres) -> dict[tuple[str, str, str], str]:
    """A statement for each (kind, table, column) there is."""
    with psycopg.connect(server.dsn, dbname="migrated") as admin:
        columns = admin.execute(
            "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns"
            " WHERE table_schema IN ('orders', 'invoices', 'customers', 'audit')"
        ).fetchall()
    found = {}
    for table, column in columns:
        found["SELECT", table, column] = f"SELECT {column} FROM {table} LIMIT 0"
        found["INSERT", table, column] = f"INSERT INTO {table} ({column}) SELECT NULL WHERE false"
        found["UPDATE", table, column] = f"UPDATE {table} SET {column} = DEFAULT WHERE false"
        found["DELETE", table, ""] = f"DELETE FROM {table} WHERE false"
        found["TRUNCATE", table, ""] = f"TRUNCATE {table} CASCADE"
    return found


def is_right(role: str, kind: str, table: str, column: str) -> bool:
    columns = RIGHTS[role].get((kind, table), "")
    return columns == "*" or column in columns.split()


def test_a_login_cannot_do_what_is_nobodys_job(connection: psycopg.Connection[Any], role: str) -> None:
    others = [other for other in (*OWNERS, *LOGINS, "master", "postgres") if other != role]
    escapes = [
        *ESCAPES,
        *(f"SET ROLE {other}" for other in others),
        *(f"GRANT {other} TO {role}" for other in others),
        *(f"ALTER ROLE {other} PASSWORD 'mine'" for other in others),
    ]

    assert [statement for statement in escapes if is_allowed(connection, statement)] == []


def test_a_login_may_change_its_own_time_outs(connection: psycopg.Connection[Any]) -> None:
    """They protect the database from accidents, not from the function."""
    assert is_allowed(connection, "SET statement_timeout = '1s'")


@pytest.mark.parametrize("schema", ["orders", "invoices"])
def test_a_login_has_no_right_to_hand_on(connection: psycopg.Connection[Any], schema: str) -> None:
    """Granting what one may not grant is a warning to PostgreSQL, not an error."""
    is_granted = (
        "SELECT EXISTS (SELECT FROM pg_class, aclexplode(relacl) WHERE grantee = 0"
        f" AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{schema}'))"
    )
    try:
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO PUBLIC")
    except psycopg.errors.InsufficientPrivilege:
        return
    assert connection.execute(is_granted).fetchone() == (False,)
