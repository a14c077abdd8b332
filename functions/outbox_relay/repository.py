"""The outbox as the relay sees it: small transactions over rows that are due, locked so that two relays share them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from rabbitmq import Message

# SKIP LOCKED: a second relay takes the next rows instead of waiting for these.
LOCK_DUE = """
SELECT outbox_id, exchange, routing_key, properties::text, body FROM orders.outbox
WHERE due_at <= clock_timestamp() ORDER BY due_at, outbox_id LIMIT %s FOR UPDATE SKIP LOCKED
"""

REASON_LENGTH_MAX = 500

DELETE_PUBLISHED = "DELETE FROM orders.outbox WHERE outbox_id = ANY(%s)"

# Back-off 2, 4, 8, … seconds, at most 25: with the schedule's minute a row is tried again within 90 s (guarantee G4).
POSTPONE = """
UPDATE orders.outbox
SET attempts = attempts + 1, last_error = %s,
    due_at = clock_timestamp() + least(25, power(2, least(attempts + 1, 10))) * interval '1 second'
WHERE outbox_id = %s
"""

PURGE_EXPIRED_KEYS = """
DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (
    SELECT customer_id, key FROM orders.idempotency_keys
    WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


def lock_due(connection: psycopg.Connection[Any], limit: int) -> list[tuple[UUID, Message | None]]:
    """The next due rows, locked until the transaction ends; None for properties that cannot be read."""
    rows = connection.execute(LOCK_DUE, [limit]).fetchall()
    return [(row[0], _message(*row[1:])) for row in rows]


def delete_published(connection: psycopg.Connection[Any], outbox_ids: Sequence[UUID]) -> None:
    connection.execute(DELETE_PUBLISHED, [list(outbox_ids)])


def postpone(connection: psycopg.Connection[Any], outbox_id: UUID, *, reason: str) -> None:
    """Count a failed attempt and let the row wait, so that it does not block the rows behind it."""
    connection.execute(POSTPONE, [_shown(reason), outbox_id])


def purge_expired_keys(connection: psycopg.Connection[Any], limit: int) -> int:
    """Delete up to `limit` idempotency keys that are past their 24 hours; returns how many."""
    return connection.execute(PURGE_EXPIRED_KEYS, [limit]).rowcount


def _message(exchange: str, routing_key: str, properties: str, body: bytes) -> Message | None:
    try:
        return Message(exchange=exchange, routing_key=routing_key, body=bytes(body), properties=json.loads(properties))
    except (ValueError, RecursionError):
        return None


def _shown(reason: str) -> str:
    """A reason that a text column takes: a message may have brought characters into it that Postgres refuses."""
    return reason.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:REASON_LENGTH_MAX]
