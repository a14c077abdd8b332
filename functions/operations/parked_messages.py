"""Parked messages: show them, replay them through the outbox, or dismiss them.

A message waits until it is replayed or dismissed, and again when it is seen after that. A replay puts it into the
outbox, due at once, under its own id and in the transaction that notes the replay, so two replays in a row publish it
once. A replay that finds it still queued notes nothing: a message that came back broken meanwhile still waits. Its body
never leaves the database. The relay publishes it; if it is still broken it returns to its row and waits again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from contracts.timestamps import format_timestamp
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDERS_EXCHANGE
from operations import repository
from operations.amqp_properties import from_event
from operations.pages import page
from operations.previews import preview, properties_object

ROWS_PER_TRANSACTION = 100


class UnknownMessageError(Exception):
    """No parked message, or no row of the outbox, has this id."""


@dataclass(kw_only=True)
class Replayed:
    """What a replay did; `remaining` counts what there was no time for."""

    queued: int = 0
    already_queued: int = 0
    remaining: int = 0


def list_parked(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, parked_id: UUID | None
) -> dict[str, Any]:
    """Return the newest first. Raises UnknownMessageError."""
    rows = repository.select_parked(connection, limit=limit + 1, after=after, parked_id=parked_id)
    wanted = parked_id or after
    if wanted is not None and not rows and (parked_id or not repository.exists(connection, wanted)):
        raise UnknownMessageError(f"no parked message has the id {wanted}")
    entries, has_more = page(map(_entry, rows), limit=limit)
    total, waiting = repository.count_parked(connection)
    return {
        "total": total,
        "waiting": waiting,
        "messages": entries,
        "nextAfter": entries[-1]["parkedId"] if has_more else None,
    }


def replay(
    connection: psycopg.Connection[Any], *, parked_id: UUID | None, is_deadline_near: Callable[[], bool]
) -> Replayed:
    """Queue one message in any state, or all that wait. Raises UnknownMessageError."""
    report = Replayed()
    if parked_id is not None:
        with connection.transaction():
            if _queue(connection, repository.lock_parked(connection, parked_id), report) is None:
                raise UnknownMessageError(f"no parked message has the id {parked_id}")
        return report
    after: UUID | None = UUID(int=0)
    while after is not None and not is_deadline_near():
        with connection.transaction():
            after = _queue(connection, repository.lock_waiting(connection, after, ROWS_PER_TRANSACTION), report)
    if after is not None:
        report.remaining = repository.count_parked(connection)[1]
    return report


def dismiss(connection: psycopg.Connection[Any], *, parked_id: UUID) -> None:
    """Let it wait no longer; it is kept, and waits again should it be seen again. Raises UnknownMessageError."""
    if not repository.dismiss(connection, parked_id):
        raise UnknownMessageError(f"no parked message has the id {parked_id}")


def _queue(connection: psycopg.Connection[Any], locked: list[tuple[UUID, str]], report: Replayed) -> UUID | None:
    """Return the last message's id, None when there are none."""
    if not locked:
        return None
    messages = [(parked_id, json.dumps(from_event(properties_object(properties)))) for parked_id, properties in locked]
    queued = repository.queue(connection, messages, exchange=ORDERS_EXCHANGE, routing_key=ORDER_CREATED_ROUTING_KEY)
    report.queued += queued
    report.already_queued += len(locked) - queued
    return locked[-1][0]


def _entry(row: repository.ParkedRow) -> dict[str, Any]:
    properties = properties_object(row.properties)
    return {
        "parkedId": str(row.parked_id),
        "state": row.state,
        "reason": row.reason,
        "queue": row.queue,
        "type": _short(properties.get("type")),
        "messageId": _short(properties.get("messageId")),
        "firstSeenAt": format_timestamp(row.first_seen_at),
        "lastSeenAt": format_timestamp(row.last_seen_at),
        "seenCount": row.seen_count,
        "replayedAt": None if row.replayed_at is None else format_timestamp(row.replayed_at),
        "dismissedAt": None if row.dismissed_at is None else format_timestamp(row.dismissed_at),
        "size": row.size,
        "body": preview(bytes(row.preview), size=row.size),
    }


def _short(value: Any) -> Any:
    """AMQP's short strings have at most 255 bytes; what came some other way may be anything."""
    return value if value is None else str(value)[:255]
