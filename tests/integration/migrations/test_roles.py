"""Each login does its job and nothing beyond: what is its job works, everything else is tried and refused.

Every right that a login has on a column is named here; that the functions' own statements work with them is what their
integration tests show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from migrations.roles import LOGINS, OWNERS
from tests.integration.migrations.conftest import PASSWORD

from localregion.testing.services import RunningPostgres

ID = "'0198f8a0-0000-7000-8000-000000000001'"
ORDER = (
    "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
    f" VALUES ({ID}, 'c', 1, 'BRL', now())"
)
QUEUE = (
    "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
    f" VALUES ({ID}, 'e', 'k', '{{}}', 'b', now()) ON CONFLICT (outbox_id) DO NOTHING RETURNING outbox_id"
)

# Statements of each login's job; they run one after the other and are rolled back.
JOB = {
    "create_order": [
        f"{ORDER} ON CONFLICT (order_id) DO NOTHING",
        QUEUE,
        f"DELETE FROM orders.outbox WHERE outbox_id = {ID}",
        "INSERT INTO orders.idempotency_keys AS k (customer_id, key, request_hash, order_id, response_body, expires_at)"
        f" VALUES ('c', 'k', sha256('x'), {ID}, '', now() + interval '1 h') ON CONFLICT (customer_id, key) DO UPDATE"
        " SET request_hash = excluded.request_hash, created_at = now() WHERE k.expires_at < now() RETURNING k.order_id",
        "SELECT order_id, request_hash, response_body FROM orders.idempotency_keys WHERE key = 'k'",
    ],
    "get_order": [
        "SELECT * FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id",
    ],
    "invoice_consumer": [
        "SELECT last_number FROM invoices.invoice_counter FOR UPDATE",
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        f" SELECT 1, {ID}, 'c', 1, 'BRL', now(), now() WHERE NOT EXISTS"
        f" (SELECT FROM invoices.invoices WHERE order_id = {ID}) RETURNING 1",
        "UPDATE invoices.invoice_counter SET last_number = last_number + 1",
        *(
            [
                "INSERT INTO invoices.parked_messages AS p (fingerprint, queue, properties, body, reason)"
                " VALUES (sha256('x'), 'q', '{}', 'b', 'r') ON CONFLICT (fingerprint) DO UPDATE"
                " SET seen_count = p.seen_count + 1, last_seen_at = clock_timestamp(), reason = excluded.reason"
            ]
            * 2
        ),
        "INSERT INTO invoices.delivery_attempts (fingerprint, environment) VALUES (sha256('x'), gen_random_uuid())",
        "DELETE FROM invoices.delivery_attempts WHERE fingerprint = sha256('x')",
    ],
    "outbox_relay": [
        "SELECT outbox_id, exchange, routing_key, properties::text, body FROM orders.outbox WHERE due_at < now()"
        " ORDER BY due_at FOR UPDATE SKIP LOCKED",
        "UPDATE orders.outbox SET attempts = attempts + 1, last_error = 'e', due_at = now()",
        "DELETE FROM orders.outbox WHERE outbox_id IS NOT NULL",
        "DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (SELECT customer_id, key FROM"
        " orders.idempotency_keys WHERE expires_at < now() ORDER BY expires_at FOR UPDATE SKIP LOCKED)",
    ],
    "operations": [
        "SELECT parked_id, properties::text, body FROM invoices.parked_messages FOR UPDATE",
        QUEUE,
        "UPDATE invoices.parked_messages SET replayed_at = now(), dismissed_at = now()",
        "SELECT order_id, customer_id, amount, currency, created_at FROM orders.orders",
        "SELECT order_id, number, customer_id, amount, currency FROM invoices.invoices",
        "SELECT last_number FROM invoices.invoice_counter",
        "SELECT outbox_id, created_at, due_at, attempts, last_error, properties, body FROM orders.outbox",
        "UPDATE orders.outbox SET due_at = now() RETURNING due_at",
        "DELETE FROM orders.outbox WHERE outbox_id IS NOT NULL RETURNING exchange, routing_key, properties, body",
    ],
}

# The columns of a table that a login may name in a statement of a kind; "*" for all, and for statements without any.
RIGHTS: dict[str, dict[tuple[str, str], str]] = {
    "create_order": {
        ("SELECT", "orders.orders"): "order_id",
        ("INSERT", "orders.orders"): "order_id customer_id amount currency created_at",
        ("SELECT", "orders.outbox"): "outbox_id",
        ("INSERT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("DELETE", "orders.outbox"): "*",
        ("SELECT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("INSERT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("UPDATE", "orders.idempotency_keys"): "request_hash order_id response_body created_at expires_at",
    },
    "get_order": {("SELECT", "orders.orders"): "*", ("SELECT", "invoices.invoices"): "*"},
    "invoice_consumer": {
        ("SELECT", "invoices.invoices"): "order_id",
        ("INSERT", "invoices.invoices"): "number order_id customer_id amount currency issued_at due_at",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("UPDATE", "invoices.invoice_counter"): "last_number",
        ("SELECT", "invoices.parked_messages"): "fingerprint reason seen_count",
        ("INSERT", "invoices.parked_messages"): "fingerprint queue properties body reason",
        ("UPDATE", "invoices.parked_messages"): "reason seen_count last_seen_at",
        ("SELECT", "invoices.delivery_attempts"): "*",
        ("INSERT", "invoices.delivery_attempts"): "*",
        ("UPDATE", "invoices.delivery_attempts"): "*",
        ("DELETE", "invoices.delivery_attempts"): "*",
    },
    "outbox_relay": {
        ("SELECT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at attempts last_error",
        ("UPDATE", "orders.outbox"): "attempts last_error due_at",
        ("DELETE", "orders.outbox"): "*",
        ("SELECT", "orders.idempotency_keys"): "customer_id key expires_at",
        ("UPDATE", "orders.idempotency_keys"): "expires_at",
        ("DELETE", "orders.idempotency_keys"): "*",
    },
    "operations": {
        ("SELECT", "orders.orders"): "order_id customer_id amount currency created_at",
        ("SELECT", "orders.outbox"): "outbox_id created_at due_at attempts last_error exchange routing_key properties"
        " body",
        ("UPDATE", "orders.outbox"): "due_at",
        ("DELETE", "orders.outbox"): "*",
        ("INSERT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("SELECT", "invoices.invoices"): "order_id number customer_id amount currency",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("SELECT", "invoices.parked_messages"): "parked_id queue properties body reason first_seen_at last_seen_at"
        " seen_count replayed_at dismissed_at",
        ("UPDATE", "invoices.parked_messages"): "replayed_at dismissed_at",
    },
}

ESCAPES = [
    "CREATE TABLE public.mine (x int)",
    "CREATE TABLE orders.mine (x int)",
    "CREATE TABLE invoices.mine (x int)",
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


def attempts(server: RunningPostgres) -> dict[tuple[str, str, str], str]:
    """A statement for each (kind, table, column) there is."""
    with psycopg.connect(server.dsn, dbname="migrated") as admin:
        columns = admin.execute(
            "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns"
            " WHERE table_schema IN ('orders', 'invoices')"
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
