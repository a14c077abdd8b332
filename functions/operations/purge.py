"""Forget what is old: parked messages and unmatched payments that were not seen for so many days, waiting or not.

In small batches, each a transaction of its own that waits for no other, until all are gone or the time is. What is seen
again counts from then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from operations.sides import SIDES

ROWS_PER_BATCH = 500

# Along the key, so that no batch passes the rows again that those before it left behind.
_PURGE = """
WITH old AS (
    SELECT {key} FROM {table}
    WHERE {key} > %(after)s AND last_seen_at < statement_timestamp() - %(days)s * interval '1 day'
    ORDER BY {key} LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM {table} AS purged USING old WHERE purged.{key} = old.{key} RETURNING purged.{key}
)
SELECT {key} FROM gone ORDER BY {key}
"""
_COUNT = """
SELECT count(*) FROM {table} WHERE last_seen_at < statement_timestamp() - %(days)s * interval '1 day'
"""
_PARKED = [{"table": f"{side}.parked_messages", "key": "parked_id"} for side in SIDES]
_UNMATCHED = [{"table": "invoices.unmatched_payments", "key": "unmatched_id"}]

Connection = psycopg.Connection[Any]


def purge(connection: Connection, *, days: int, is_deadline_near: Callable[[], bool]) -> dict[str, int]:
    """Return how many are gone, and how many remain for want of time. Raises psycopg.Error."""
    parked = sum(_purge(connection, names, days, is_deadline_near) for names in _PARKED)
    unmatched = sum(_purge(connection, names, days, is_deadline_near) for names in _UNMATCHED)
    remaining = sum(_count(connection, names, days) for names in _PARKED + _UNMATCHED)
    return {"parkedMessages": parked, "unmatchedPayments": unmatched, "remaining": remaining}


def _purge(connection: Connection, names: dict[str, str], days: int, is_deadline_near: Callable[[], bool]) -> int:
    purged, after, statement = 0, UUID(int=0), _PURGE.format(**names)
    while not is_deadline_near():
        parameters = {"after": after, "days": days, "limit": ROWS_PER_BATCH}
        gone = connection.execute(statement, parameters).fetchall()
        purged += len(gone)
        if len(gone) < ROWS_PER_BATCH:
            break
        after = gone[-1][0]
    return purged


def _count(connection: Connection, names: dict[str, str], days: int) -> int:
    row = connection.execute(_COUNT.format(**names), {"days": days}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])
