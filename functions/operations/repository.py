"""Parked messages of both sides in Postgres, as an operator handles them, and their way into an outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations.pages import TEXT_LENGTH_MAX
from operations.previews import LISTED_BYTES, SINGLE_BYTES
from operations.sides import SIDES, Route, of_both

_PARKED = of_both(
    "parked_messages",
    "parked_id, queue, properties, body, reason, first_seen_at, last_seen_at, seen_count, replayed_at, dismissed_at",
    name="side",
)
# greatest() ignores nulls and is null for a message that was never replayed and never dismissed.
WAITING = "coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)"

SELECT_PARKED = f"""
WITH last AS (SELECT last_seen_at FROM {_PARKED} WHERE parked_id = %(after)s::uuid)
SELECT side, parked_id,
       CASE WHEN {WAITING} THEN 'waiting'
            WHEN replayed_at IS NULL OR dismissed_at > replayed_at THEN 'dismissed'
            ELSE 'replayed' END,
       left(reason, {TEXT_LENGTH_MAX}), left(queue, {TEXT_LENGTH_MAX}),
       CASE WHEN octet_length(properties::text) <= {SINGLE_BYTES} THEN properties::text END,
       first_seen_at, last_seen_at, seen_count, replayed_at, dismissed_at,
       length(body), substring(body FOR {LISTED_BYTES})
FROM {_PARKED}
WHERE (%(parked_id)s::uuid IS NULL OR parked_id = %(parked_id)s::uuid)
  AND (%(after)s::uuid IS NULL OR last_seen_at <= (SELECT last_seen_at FROM last)
       AND (last_seen_at < (SELECT last_seen_at FROM last) OR parked_id > %(after)s::uuid))
ORDER BY last_seen_at DESC, parked_id LIMIT %(limit)s
"""  # noqa: S608 (a constant)

COUNT_PARKED = f"SELECT count(*), count(*) FILTER (WHERE {WAITING}) FROM {_PARKED}"  # noqa: S608

COUNT_WAITING = f"SELECT count(*) FROM {_PARKED} WHERE {WAITING}"  # noqa: S608 (constants)

EXISTS = f"SELECT FROM {_PARKED} WHERE parked_id = %s"

LOCK_PARKED = {
    side: f"""
SELECT parked_id, queue, properties::text FROM {side}.parked_messages WHERE parked_id = %s FOR UPDATE
"""  # noqa: S608 (constants)
    for side in SIDES
}

# A second replay of all waits here, and then finds that these wait no longer. Properties may have megabytes: the first
# row comes however long its are, the others while there is room.
LOCK_WAITING = {
    side: f"""
WITH waiting AS (
    SELECT parked_id, queue, properties, octet_length(properties::text) AS bytes FROM {side}.parked_messages
    WHERE parked_id > %(after)s AND {WAITING} ORDER BY parked_id LIMIT %(limit)s FOR UPDATE
), measured AS (
    SELECT parked_id, queue, properties, sum(bytes) OVER (ORDER BY parked_id) - bytes AS bytes_before FROM waiting
)
SELECT parked_id, queue, properties::text FROM measured WHERE bytes_before < %(bytes)s ORDER BY parked_id
"""  # noqa: S608 (constants)
    for side in SIDES
}
LOCKED_BYTES_MAX = 4 << 20

# From a side into an outbox. A message that is still queued is not noted as replayed: the one in the queue was noted
# before.
QUEUE = {
    (side, outbox): f"""
WITH message AS (
    SELECT * FROM unnest(
        %(parked_ids)s::uuid[], %(properties)s::json[], %(exchanges)s::text[], %(routing_keys)s::text[]
    ) AS given (parked_id, properties, exchange, routing_key)
), queued AS (
    INSERT INTO {outbox}.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
    SELECT parked.parked_id, message.exchange, message.routing_key, message.properties, parked.body, clock_timestamp()
    FROM message JOIN {side}.parked_messages parked ON parked.parked_id = message.parked_id
    ON CONFLICT (outbox_id) DO NOTHING
    RETURNING outbox_id
)
UPDATE {side}.parked_messages SET replayed_at = clock_timestamp()
WHERE parked_id IN (SELECT outbox_id FROM queued)
"""  # noqa: S608 (constants)
    for side in SIDES
    for outbox in SIDES
}

DISMISS = {
    side: f"UPDATE {side}.parked_messages SET dismissed_at = clock_timestamp() WHERE parked_id = %s"  # noqa: S608
    for side in SIDES
}


class Locked(NamedTuple):
    """A parked message that no other replay takes; `properties` are the event's as JSON."""

    parked_id: UUID
    queue: str
    properties: str


class Again(NamedTuple):
    """A parked message on its way out: its route, and its AMQP properties as JSON."""

    parked_id: UUID
    route: Route
    properties: str


class ParkedRow(NamedTuple):
    """One parked message with the beginning of its body; `properties` are the event's as JSON, None for long ones."""

    side: str
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
    return connection.execute(EXISTS, [parked_id]).fetchone() is not None


def count_parked(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many there are, and how many of them wait."""
    row = connection.execute(COUNT_PARKED).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def count_waiting(connection: psycopg.Connection[Any]) -> int:
    """How many wait: those that do not are not read for it."""
    row = connection.execute(COUNT_WAITING).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])


def lock_parked(connection: psycopg.Connection[Any], side: str, parked_id: UUID) -> list[Locked]:
    """The message, locked until the transaction ends; nothing if this side has no such message."""
    return [Locked(*row) for row in connection.execute(LOCK_PARKED[side], [parked_id])]


def lock_waiting(connection: psycopg.Connection[Any], side: str, after: UUID, limit: int) -> list[Locked]:
    """The next waiting messages of a side, locked until the transaction ends."""
    parameters = {"after": after, "limit": limit, "bytes": LOCKED_BYTES_MAX}
    return [Locked(*row) for row in connection.execute(LOCK_WAITING[side], parameters)]


def queue(connection: psycopg.Connection[Any], side: str, messages: Sequence[Again]) -> int:
    """Put messages of a side into the outboxes of their routes; returns how many were not there yet."""
    return sum(
        _queue_into(connection, side, outbox, [message for message in messages if message.route.outbox == outbox])
        for outbox in {message.route.outbox for message in messages}
    )


def _queue_into(connection: psycopg.Connection[Any], side: str, outbox: str, messages: Sequence[Again]) -> int:
    parameters = {
        "parked_ids": [message.parked_id for message in messages],
        "properties": [message.properties for message in messages],
        "exchanges": [message.route.exchange for message in messages],
        "routing_keys": [message.route.routing_key for message in messages],
    }
    return connection.execute(QUEUE[side, outbox], parameters).rowcount


def dismiss(connection: psycopg.Connection[Any], parked_id: UUID) -> bool:
    """Return whether there is such a message."""
    return any(connection.execute(DISMISS[side], [parked_id]).rowcount == 1 for side in SIDES)
