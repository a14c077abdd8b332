"""Parked messages and the outbox in Postgres, as an operator handles them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations.pages import TEXT_LENGTH_MAX
from operations.previews import LISTED_BYTES, SINGLE_BYTES

# greatest() ignores nulls and is null for a message that was never replayed and never dismissed.
_WAITING = "coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)"

SELECT_PARKED = f"""
WITH last AS (SELECT last_seen_at FROM invoices.parked_messages WHERE parked_id = %(after)s::uuid)
SELECT parked_id,
       CASE WHEN {_WAITING} THEN 'waiting'
            WHEN replayed_at IS NULL OR dismissed_at > replayed_at THEN 'dismissed'
            ELSE 'replayed' END,
       left(reason, {TEXT_LENGTH_MAX}), left(queue, {TEXT_LENGTH_MAX}),
       CASE WHEN octet_length(properties::text) <= {SINGLE_BYTES} THEN properties::text END,
       first_seen_at, last_seen_at, seen_count, replayed_at, dismissed_at,
       length(body), substring(body FOR {LISTED_BYTES})
FROM invoices.parked_messages
WHERE (%(parked_id)s::uuid IS NULL OR parked_id = %(parked_id)s::uuid)
  AND (%(after)s::uuid IS NULL OR last_seen_at <= (SELECT last_seen_at FROM last)
       AND (last_seen_at < (SELECT last_seen_at FROM last) OR parked_id > %(after)s::uuid))
ORDER BY last_seen_at DESC, parked_id LIMIT %(limit)s
"""  # noqa: S608 (a constant)

COUNT_PARKED = f"SELECT count(*), count(*) FILTER (WHERE {_WAITING}) FROM invoices.parked_messages"  # noqa: S608

LOCK_PARKED = "SELECT parked_id, properties::text FROM invoices.parked_messages WHERE parked_id = %s FOR UPDATE"

# A second replay of all waits here, and then finds that these wait no longer. Properties may have megabytes: the first
# row comes however long its are, the others while there is room.
LOCK_WAITING = f"""
WITH waiting AS (
    SELECT parked_id, properties, octet_length(properties::text) AS bytes FROM invoices.parked_messages
    WHERE parked_id > %(after)s AND {_WAITING} ORDER BY parked_id LIMIT %(limit)s FOR UPDATE
), measured AS (
    SELECT parked_id, properties, sum(bytes) OVER (ORDER BY parked_id) - bytes AS bytes_before FROM waiting
)
SELECT parked_id, properties::text FROM measured WHERE bytes_before < %(bytes)s ORDER BY parked_id
"""  # noqa: S608 (a constant)
LOCKED_BYTES_MAX = 4 << 20

# A message that is still queued is not noted as replayed: the one in the queue was noted before.
QUEUE = """
WITH message AS (
    SELECT parked_id, properties FROM unnest(%(parked_ids)s::uuid[], %(properties)s::json[])
        AS given (parked_id, properties)
), queued AS (
    INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
    SELECT parked.parked_id, %(exchange)s, %(routing_key)s, message.properties, parked.body, clock_timestamp()
    FROM message JOIN invoices.parked_messages parked ON parked.parked_id = message.parked_id
    ON CONFLICT (outbox_id) DO NOTHING
    RETURNING outbox_id
)
UPDATE invoices.parked_messages SET replayed_at = clock_timestamp()
WHERE parked_id IN (SELECT outbox_id FROM queued)
"""

DISMISS = "UPDATE invoices.parked_messages SET dismissed_at = clock_timestamp() WHERE parked_id = %s"


class ParkedRow(NamedTuple):
    """One parked message with the beginning of its body; `properties` are the event's as JSON, None for long ones."""

    parked_id: UUID
    state: str
    reason: str
    queue: str
    properties: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    seen_count: int
    replayed_at: datetime | None
    dismissed_at: datetime | None
    size: int
    preview: bytes


def select_parked(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, parked_id: UUID | None
) -> list[ParkedRow]:
    """The newest first, from behind `after`, or the one with this id."""
    parameters = {"limit": limit, "after": after, "parked_id": parked_id}
    return [ParkedRow(*row) for row in connection.execute(SELECT_PARKED, parameters)]


def exists(connection: psycopg.Connection[Any], parked_id: UUID) -> bool:
    """Whether there is such a message."""
    statement = "SELECT FROM invoices.parked_messages WHERE parked_id = %s"
    return connection.execute(statement, [parked_id]).fetchone() is not None


def count_parked(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many there are, and how many of them wait."""
    row = connection.execute(COUNT_PARKED).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def lock_parked(connection: psycopg.Connection[Any], parked_id: UUID) -> list[tuple[UUID, str]]:
    """Its id and properties, locked until the transaction ends; nothing if there is no such message."""
    return connection.execute(LOCK_PARKED, [parked_id]).fetchall()


def lock_waiting(connection: psycopg.Connection[Any], after: UUID, limit: int) -> list[tuple[UUID, str]]:
    """The next waiting messages, locked until the transaction ends."""
    parameters = {"after": after, "limit": limit, "bytes": LOCKED_BYTES_MAX}
    return connection.execute(LOCK_WAITING, parameters).fetchall()


def queue(
    connection: psycopg.Connection[Any], messages: Sequence[tuple[UUID, str]], *, exchange: str, routing_key: str
) -> int:
    """Put messages, each with its AMQP properties as JSON, into the outbox; returns how many were not there yet."""
    parameters = {
        "parked_ids": [parked_id for parked_id, _ in messages],
        "properties": [properties for _, properties in messages],
        "exchange": exchange,
        "routing_key": routing_key,
    }
    return connection.execute(QUEUE, parameters).rowcount


def dismiss(connection: psycopg.Connection[Any], parked_id: UUID) -> bool:
    """Return whether there is such a message."""
    return connection.execute(DISMISS, [parked_id]).rowcount == 1
