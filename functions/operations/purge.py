"""Forget what is old: parked messages and unmatched payments that were not seen for so many days, waiting or not.

In small batches, each a transaction of its own that waits for no other, until all are gone or the time is. What is seen
again counts from then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

from operations.sides import SIDES

ROWS_PER_BATCH = 500

_PARKED = {f"{side}.parked_messages": "parked_id" for side in SIDES}
_UNMATCHED = {"invoices.unmatched_payments": "unmatched_id"}

# Along the time, so that what is kept is not read, and no batch passes the rows again that those before it left behind.
PURGE = {
    table: f"""
WITH old AS (
    SELECT {key} FROM {table}
    WHERE last_seen_at >= %(after)s AND last_seen_at < statement_timestamp() - %(days)s * interval '1 day'
    ORDER BY last_seen_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM {table} AS purged USING old WHERE purged.{key} = old.{key} RETURNING purged.last_seen_at
)
SELECT last_seen_at FROM gone ORDER BY last_seen_at
"""  # noqa: S608 (constants)
    for table, key in (_PARKED | _UNMATCHED).items()
}
COUNT_OLD = {
    table: f"""
SELECT count(*) FROM {table} WHERE last_seen_at < statement_timestamp() - %(days)s * interval '1 day'
"""  # noqa: S608 (a constant)
    for table in _PARKED | _UNMATCHED
}
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

Connection = psycopg.Connection[Any]


def purge(connection: Connection, *, days: int, is_deadline_near: Callable[[], bool]) -> dict[str, int]:
    """Return how many are gone, and how many remain for want of time. Raises psycopg.Error."""
    parked = sum(_purge(connection, table, days, is_deadline_near) for table in _PARKED)
    unmatched = sum(_purge(connection, table, days, is_deadline_near) for table in _UNMATCHED)
    remaining = sum(_count(connection, table, days) for table in COUNT_OLD)
    return {"parkedMessages": parked, "unmatchedPayments": unmatched, "remaining": remaining}


def _purge(connection: Connection, table: str, days: int, is_deadline_near: Callable[[], bool]) -> int:
    purged, after = 0, BEGINNING
    while not is_deadline_near():
        parameters = {"after": after, "days": days, "limit": ROWS_PER_BATCH}
        gone = connection.execute(PURGE[table], parameters).fetchall()
        purged += len(gone)
        if len(gone) < ROWS_PER_BATCH:
            break
        after = gone[-1][0]
    return purged


def _count(connection: Connection, table: str, days: int) -> int:
    row = connection.execute(COUNT_OLD[table], {"days": days}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])
