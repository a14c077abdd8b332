"""Customers and their keys' hashes in Postgres; every change is counted, so that none stays unpublished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]

SELECT_CUSTOMERS = """
SELECT c.customer_id, c.requests_per_second, c.suspended_at, c.created_at,
       (SELECT count(*) FROM customers.keys k WHERE k.customer_id = c.customer_id AND k.revoked_at IS NULL)
FROM customers.customers c
WHERE c.customer_id > %(after)s AND (%(name)s::text IS NULL OR c.customer_id = %(name)s)
ORDER BY c.customer_id LIMIT %(limit)s
"""
COUNT_CUSTOMERS = "SELECT count(*), count(suspended_at) FROM customers.customers"

# Those that there are already add nothing: the caller compares.
ADD = """
WITH given AS (
    SELECT * FROM unnest(%(names)s::text[], %(limits)s::integer[], %(hashes)s::bytea[], %(hints)s::text[])
        AS given (customer_id, requests_per_second, key_hash, hint)
), added AS (
    INSERT INTO customers.customers (customer_id, requests_per_second)
    SELECT customer_id, requests_per_second FROM given
    ON CONFLICT (customer_id) DO NOTHING
    RETURNING customer_id
)
INSERT INTO customers.keys (customer_id, key_hash, hint)
SELECT customer_id, key_hash, hint FROM given JOIN added USING (customer_id)
RETURNING customer_id, key_id
"""

# Of the stack's configuration: limits as it says, keys beside those that there are; a revoked one stays so.
ADOPT = """
WITH given AS (
    SELECT * FROM unnest(%(names)s::text[], %(limits)s::integer[]) AS given (customer_id, requests_per_second)
)
INSERT INTO customers.customers (customer_id, requests_per_second, is_of_stack)
SELECT customer_id, requests_per_second, true FROM given
ON CONFLICT (customer_id) DO UPDATE
SET requests_per_second = excluded.requests_per_second, is_of_stack = true
"""
ADOPT_KEYS = """
INSERT INTO customers.keys (customer_id, key_hash, hint)
SELECT * FROM unnest(%(names)s::text[], %(hashes)s::bytea[], %(hints)s::text[])
ON CONFLICT (key_hash) DO NOTHING
"""
COUNT_ADOPTED = """
SELECT count(*) FROM unnest(%(names)s::text[], %(hashes)s::bytea[]) AS given (customer_id, key_hash)
JOIN customers.keys USING (customer_id, key_hash)
"""
# The configuration names them no more.
ABANDON = """
UPDATE customers.customers SET is_of_stack = false, suspended_at = coalesce(suspended_at, statement_timestamp())
WHERE is_of_stack AND customer_id <> ALL (%(names)s::text[])
RETURNING customer_id
"""

SUSPEND = """
UPDATE customers.customers SET suspended_at = coalesce(suspended_at, statement_timestamp()) WHERE customer_id = %s
"""
RESUME = "UPDATE customers.customers SET suspended_at = NULL WHERE customer_id = %s"
LIMIT = "UPDATE customers.customers SET requests_per_second = %s WHERE customer_id = %s"

SELECT_KEYS = """
SELECT key_id, hint, created_at, revoked_at FROM customers.keys WHERE customer_id = %s ORDER BY created_at, key_id
"""
# FOR UPDATE: two that issue at once count one after the other.
LOCK = "SELECT FROM customers.customers WHERE customer_id = %s FOR UPDATE"
COUNT_VALID_KEYS = "SELECT count(*) FROM customers.keys WHERE customer_id = %s AND revoked_at IS NULL"
ISSUE = "INSERT INTO customers.keys (customer_id, key_hash, hint) VALUES (%s, %s, %s) RETURNING key_id"
REVOKE = """
UPDATE customers.keys SET revoked_at = coalesce(revoked_at, statement_timestamp()) WHERE key_id = %s
RETURNING customer_id
"""

# Since when the oldest change waits that is not published.
COUNT_CHANGE = """
UPDATE customers.publication SET changes = changes + 1,
    changed_at = CASE WHEN changes = published_changes THEN statement_timestamp() ELSE changed_at END
"""


class TakenKeyError(Exception):
    """A key is another customer's already."""


class CustomerRow(NamedTuple):
    name: str
    requests_per_second: int
    suspended_at: datetime | None
    created_at: datetime
    valid_keys: int


class KeyRow(NamedTuple):
    key_id: UUID
    hint: str
    created_at: datetime
    revoked_at: datetime | None


class NewKey(NamedTuple):
    """What of a key is kept: its SHA-256, and its last four characters."""

    key_hash: bytes
    hint: str


def select_customers(connection: Connection, *, limit: int, after: str, name: str | None) -> list[CustomerRow]:
    parameters = {"limit": limit, "after": after, "name": name}
    return [CustomerRow(*row) for row in connection.execute(SELECT_CUSTOMERS, parameters)]


def count_customers(connection: Connection) -> tuple[int, int]:
    """How many there are, and how many of them are suspended."""
    row = connection.execute(COUNT_CUSTOMERS).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def add(connection: Connection, limits: Mapping[str, int], keys: Sequence[NewKey]) -> dict[str, UUID]:
    """Add those that are new, with a key each; return the keys' ids by name."""
    parameters = {
        "names": [*limits],
        "limits": [*limits.values()],
        "hashes": [key.key_hash for key in keys],
        "hints": [key.hint for key in keys],
    }
    return dict(connection.execute(ADD, parameters).fetchall())


def adopt(connection: Connection, limits: Mapping[str, int], keys: Mapping[str, NewKey]) -> list[str]:
    """Make these the stack's customers; return the names that no longer are, which are suspended."""
    connection.execute(ADOPT, {"names": [*limits], "limits": [*limits.values()]})
    hashes, hints = [key.key_hash for key in keys.values()], [key.hint for key in keys.values()]
    parameters = {"names": [*keys], "hashes": hashes, "hints": hints}
    connection.execute(ADOPT_KEYS, parameters)
    if connection.execute(COUNT_ADOPTED, parameters).fetchone() != (len(keys),):
        raise TakenKeyError
    return [name for (name,) in connection.execute(ABANDON, {"names": [*limits]})]


def suspend(connection: Connection, name: str) -> bool:
    return connection.execute(SUSPEND, [name]).rowcount == 1


def resume(connection: Connection, name: str) -> bool:
    return connection.execute(RESUME, [name]).rowcount == 1


def set_limit(connection: Connection, name: str, requests_per_second: int) -> bool:
    return connection.execute(LIMIT, [requests_per_second, name]).rowcount == 1


def lock(connection: Connection, name: str) -> bool:
    """Whether there is such a customer; until the transaction ends it gets keys from nobody else."""
    return connection.execute(LOCK, [name]).rowcount == 1


def select_keys(connection: Connection, name: str) -> list[KeyRow]:
    return [KeyRow(*row) for row in connection.execute(SELECT_KEYS, [name])]


def count_valid_keys(connection: Connection, name: str) -> int:
    row = connection.execute(COUNT_VALID_KEYS, [name]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])


def issue(connection: Connection, name: str, key: NewKey) -> UUID:
    row = connection.execute(ISSUE, [name, key.key_hash, key.hint]).fetchone()
    assert row is not None  # noqa: S101 - an INSERT that returns
    return UUID(str(row[0]))


def revoke(connection: Connection, key_id: UUID) -> str | None:
    """Return whose key it was; None if there is none of that id."""
    row = connection.execute(REVOKE, [key_id]).fetchone()
    return None if row is None else str(row[0])


def count_change(connection: Connection) -> None:
    """Note that the gateways' object is behind; in the transaction of the change."""
    connection.execute(COUNT_CHANGE)
