"""The outbox in Postgres, as an operator handles it: rows that the relay has not published yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations.pages import TEXT_LENGTH_MAX
from operations.previews import LISTED_BYTES, SINGLE_BYTES

_COLUMNS = f"""
outbox_id, created_at, due_at, attempts, left(last_error, {TEXT_LENGTH_MAX}), exchange, routing_key,
CASE WHEN octet_length(properties::text) <= {SINGLE_BYTES} THEN properties::text END,
octet_length(body), substring(body FOR %(preview_bytes)s)
"""

SELECT_OUTBOX = f"""
SELECT {_COLUMNS} FROM orders.outbox
WHERE (%(outbox_id)s::uuid IS NULL OR outbox_id = %(outbox_id)s::uuid)
  AND (%(after)s::uuid IS NULL
       OR (created_at, outbox_id) > (SELECT created_at, outbox_id FROM orders.outbox WHERE outbox_id = %(after)s::uuid))
ORDER BY created_at, outbox_id LIMIT %(limit)s
"""  # noqa: S608 (constants)

COUNT_OUTBOX = "SELECT count(*), count(*) FILTER (WHERE attempts > 0) FROM orders.outbox"

POSTPONE = """
UPDATE orders.outbox SET due_at = clock_timestamp() + %s * interval '1 second' WHERE outbox_id = %s RETURNING due_at
"""

REMOVE = f"DELETE FROM orders.outbox WHERE outbox_id = %(outbox_id)s RETURNING {_COLUMNS}"  # noqa: S608 (constants)

# A replay has the id of its parked message.
WAIT_AGAIN = "UPDATE invoices.parked_messages SET replayed_at = NULL WHERE parked_id = %s"


class OutboxRow(NamedTuple):
    """One event with the beginning of its body; `properties` are AMQP's as JSON, None for long ones."""

    outbox_id: UUID
    created_at: datetime
    due_at: datetime
    attempts: int
    last_error: str | None
    exchange: str
    routing_key: str
    properties: str | None
    size: int
    preview: bytes


def select_outbox(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, outbox_id: UUID | None
) -> list[OutboxRow]:
    """The oldest first, from behind `after`, or the one with this id."""
    preview_bytes = LISTED_BYTES if outbox_id is None else SINGLE_BYTES
    parameters = {"limit": limit, "after": after, "outbox_id": outbox_id, "preview_bytes": preview_bytes}
    return [OutboxRow(*row) for row in connection.execute(SELECT_OUTBOX, parameters)]


def exists(connection: psycopg.Connection[Any], outbox_id: UUID) -> bool:
    """Whether this row has not been published or removed meanwhile."""
    statement = "SELECT FROM orders.outbox WHERE outbox_id = %s"
    return connection.execute(statement, [outbox_id]).fetchone() is not None


def count_outbox(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many there are, and how many of them failed before."""
    row = connection.execute(COUNT_OUTBOX).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def postpone(connection: psycopg.Connection[Any], outbox_id: UUID, seconds: int) -> datetime | None:
    """Return from when on it is due; None if there is no such row."""
    row = connection.execute(POSTPONE, [seconds, outbox_id]).fetchone()
    return None if row is None else row[0]


def remove(connection: psycopg.Connection[Any], outbox_id: UUID) -> tuple[OutboxRow, bool] | None:
    """Return the removed row and whether it was a parked message's replay; None if there is no such row."""
    with connection.transaction():
        parameters = {"outbox_id": outbox_id, "preview_bytes": SINGLE_BYTES}
        row = connection.execute(REMOVE, parameters).fetchone()
        if row is None:
            return None
        return OutboxRow(*row), connection.execute(WAIT_AGAIN, [outbox_id]).rowcount == 1
