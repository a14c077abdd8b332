"""The customers as the gateways read them: one object in S3, rendered from the database and written whole.

`{"format": 1, "revision": …, "customers": [[name, requests per second, [SHA-256 of a key, …]], …]}`, without those that
are suspended and keys that are revoked (kong/configurator.py reads it). Changes are counted in their own transactions,
so one that is not written yet is seen and written later: by the next change, at the latest by the schedule.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import psycopg

Connection = psycopg.Connection[Any]
FORMAT = 1
# Whoever writes the object holds it; any constant that no other lock of this database has.
PUBLICATION_LOCK = 4_071_954

LOCK = "SELECT pg_advisory_xact_lock(%s)"
STATE = "SELECT changes, published_changes, etag FROM customers.publication"
# One statement, so that the count of changes and the customers are those of one moment.
RENDER = f"""
SELECT changes, stamp.revision,
    '{{"format":{FORMAT},"revision":' || stamp.revision || ',"customers":' || coalesce(
        (SELECT json_agg(json_build_array(customer_id, requests_per_second, hashes) ORDER BY customer_id)::text FROM (
            SELECT c.customer_id, c.requests_per_second,
                   json_agg(encode(k.key_hash, 'hex') ORDER BY k.created_at, k.key_id) AS hashes
            FROM customers.customers c JOIN customers.keys k USING (customer_id)
            WHERE c.suspended_at IS NULL AND k.revoked_at IS NULL
            GROUP BY c.customer_id
        ) AS valid), '[]') || '}}'
FROM customers.publication, LATERAL (
    SELECT greatest(revision + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS revision
) AS stamp
"""  # noqa: S608 (a constant)
NOTE = "UPDATE customers.publication SET published_changes = %s, revision = %s, etag = %s"
# Seconds for which a change has waited; 0 for none.
UNPUBLISHED_AGE = """
SELECT CASE WHEN changes = published_changes THEN 0
            ELSE extract(epoch FROM statement_timestamp() - changed_at)::integer END
FROM customers.publication
"""


class Store(Protocol):
    """Where the object is."""

    def put(self, body: bytes, *, content_type: str) -> str: ...

    def etag(self) -> str | None: ...


class _State(NamedTuple):
    changes: int
    published_changes: int
    etag: str | None


def publish(connection: Connection, store: Store, *, is_checked: bool = False) -> bool:
    """Write the object if changes are not in it; True if it was written. Raises the store's errors and psycopg.Error.

    With `is_checked` also if the object is not the one that was written last.
    """
    with connection.transaction():
        connection.execute(LOCK, [PUBLICATION_LOCK])
        state = _State(*_row(connection, STATE))
        if state.changes == state.published_changes and not (is_checked and store.etag() != state.etag):
            return False
        changes, revision, text = _row(connection, RENDER)
        etag = store.put(text.encode(), content_type="application/json")
        connection.execute(NOTE, [changes, revision, etag])
    return True


def unpublished_age_s(connection: Connection) -> int:
    """For how many seconds a change has not been in the object; 0 when it has all."""
    return int(_row(connection, UNPUBLISHED_AGE)[0])


def _row(connection: Connection, statement: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(statement).fetchone()
    assert row is not None  # noqa: S101 - the table has one row, which no login may delete
    return row
