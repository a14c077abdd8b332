"""The outboxes of both sides in Postgres, as an operator handles them: rows that no relay has published yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations.pages import TEXT_LENGTH_MAX
from operations.previews import LISTED_BYTES, SINGLE_BYTES
from operations.sides import SIDES, of_both

_COLUMNS = f"""
outbox_id, created_at, due_at, attempts, left(last_error, {TEXT_LENGTH_MAX}), exchange, routing_key,
CASE WHEN octet_length(properties::text) <= {SINGLE_BYTES} THEN properties::text END,
octet_length(body), substring(body FOR %(preview_bytes)s)
"""

_OUTBOX = of_both(
    "outbox",
    "outbox_id, created_at, due_at, attempts, last_error, exchange, routing_key, properties, body",
    name="schema_name",
)

SELECT_OUTBOX = f"""
WITH last AS (SELECT created_at, outbox_id FROM {_OUTBOX} WHERE outbox_id = %(after)s::uuid)
SELECT schema_name, {_COLUMNS} FROM {_OUTBOX}
WHERE (%(outbox_id)s::uuid IS NULL OR outbox_id = %(outbox_id)s::uuid)
  AND (%(after)s::uuid IS NULL OR (created_at, outbox_id) > (SELECT created_at, outbox_id FROM last))
ORDER BY created_at, outbox_id LIMIT %(limit)s
"""  # noqa: S608 (constants)

COUNT_OUTBOX = f"SELECT count(*), count(*) FILTER (WHERE attempts > 0) FROM {_OUTBOX}"  # noqa: S608 (a constant)

EXISTS = f"SELECT FROM {_OUTBOX} WHERE outbox_id = %s"

POSTPONE = {
    side: f"""
UPDATE {side}.outbox SET due_at = clock_timestamp() + %s * interval '1 second' WHERE outbox_id = %s RETURNING due_at
"""  # noqa: S608 (a constant)
    for side in SIDES
}

REMOVE = {
    side: f"DELETE FROM {side}.outbox WHERE outbox_id = %(outbox_id)s RETURNING '{side}', {_COLUMNS}"  # noqa: S608
    for side in SIDES
}

# A replay has the id of its parked message.
WAIT_AGAIN = {
    side: f"UPDATE {side}.parked_messages SET replayed_at = NULL WHERE parked_id = %s"  # noqa: S608 (a constant)
    for side in SIDES
}


class OutboxRow(NamedTuple):
    """One event with the beginning of its body; `properties` are AMQP's as JSON, None for long ones."""

    schema: str
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
    return connection.execute(EXISTS, [outbox_id]).fetchone() is not None


def count_outbox(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many there are, and how many of them failed before."""
    row = connection.execute(COUNT_OUTBOX).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def postpone(connection: psycopg.Connection[Any], outbox_id: UUID, seconds: int) -> datetime | None:
    """Return from when on it is due; None if there is no such row."""
    for side in SIDES:
        row = connection.execute(POSTPONE[side], [seconds, outbox_id]).fetchone()
        if row is not None:
            due_at: datetime = row[0]
            return due_at
    return None


def remove(connection: psycopg.Connection[Any], outbox_id: UUID) -> tuple[OutboxRow, bool] | None:
    """Return the removed row and whether it was a parked message's replay; None if there is no such row."""
    parameters = {"outbox_id": outbox_id, "preview_bytes": SINGLE_BYTES}
    with connection.transaction():
        for side in SIDES:
            row = connection.execute(REMOVE[side], parameters).fetchone()
            if row is not None:
                return OutboxRow(*row), _wait_again(connection, outbox_id)
    return None


def _wait_again(connection: psycopg.Connection[Any], parked_id: UUID) -> bool:
    return any(connection.execute(WAIT_AGAIN[side], [parked_id]).rowcount == 1 for side in SIDES)
