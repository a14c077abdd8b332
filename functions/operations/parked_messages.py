"""Parked messages of both sides: show them, replay them through an outbox, or dismiss them.

A message waits until it is replayed or dismissed, and again when it is seen after that. A replay puts it into the
outbox, due at once, under its own id and in the transaction that notes the replay, so two replays in a row publish it
once. A replay that finds it still queued notes nothing: a message that came back broken meanwhile still waits. Its body
never leaves the database. A relay publishes it to the queue that it came from; if it is still broken it returns to its
row and waits again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from contracts.timestamps import format_timestamp
from operations import repository
from operations.amqp_properties import from_event
from operations.pages import page
from operations.previews import preview, properties_object
from operations.sides import SIDES, route

ROWS_PER_TRANSACTION = 100


class UnknownMessageError(Exception):
    """No parked message, no row of an outbox or no unmatched payment has this id."""


class UnknownQueueError(Exception):
    """The message came from a queue that this release does not know: no exchange leads there."""


@dataclass(kw_only=True)
class Replayed:
    """What a replay did; `remaining` counts what there was no time for, `unknown_queue` what has nowhere to go."""

    queued: int = 0
    already_queued: int = 0
    unknown_queue: int = 0
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
    """Queue one message in any state, or all that wait. Raises UnknownMessageError and UnknownQueueError."""
    if parked_id is not None:
        return _replay_one(connection, parked_id)
    report = Replayed()
    has_time = all(_replay_side(connection, side, report, is_deadline_near) for side in SIDES)
    if not has_time:
        report.remaining = repository.count_waiting(connection) - report.unknown_queue
    return report


def dismiss(connection: psycopg.Connection[Any], *, parked_id: UUID) -> None:
    """Let it wait no longer; it is kept, and waits again should it be seen again. Raises UnknownMessageError."""
    if not repository.dismiss(connection, parked_id):
        raise UnknownMessageError(f"no parked message has the id {parked_id}")


def _replay_one(connection: psycopg.Connection[Any], parked_id: UUID) -> Replayed:
    report = Replayed()
    with connection.transaction():
        for side in SIDES:
            locked = repository.lock_parked(connection, side, parked_id)
            if _queue(connection, side, locked, report) is None:
                continue
            if report.unknown_queue:
                raise UnknownQueueError(
                    f"no exchange leads to the queue {locked[0].queue[:255]!r}: it can be dismissed"
                )
            return report
    raise UnknownMessageError(f"no parked message has the id {parked_id}")


def _replay_side(
    connection: psycopg.Connection[Any], side: str, report: Replayed, is_deadline_near: Callable[[], bool]
) -> bool:
    """Return whether there was time for all that wait on this side."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        if is_deadline_near():
            return False
        with connection.transaction():
            locked = repository.lock_waiting(connection, side, after, ROWS_PER_TRANSACTION)
            after = _queue(connection, side, locked, report)
    return True


def _queue(
    connection: psycopg.Connection[Any], side: str, locked: list[repository.Locked], report: Replayed
) -> UUID | None:
    """Return the last message's id, None when there are none."""
    if not locked:
        return None
    messages = [again for message in locked if (again := _again(message)) is not None]
    queued = repository.queue(connection, side, messages)
    report.queued += queued
    report.already_queued += len(messages) - queued
    report.unknown_queue += len(locked) - len(messages)
    return locked[-1].parked_id


def _again(message: repository.Locked) -> repository.Again | None:
    properties = properties_object(message.properties)
    way = route(message.queue, properties.get("type"))
    return way and repository.Again(message.parked_id, way, json.dumps(from_event(properties)))


def _entry(row: repository.ParkedRow) -> dict[str, Any]:
    properties = properties_object(row.properties)
    return {
        "side": row.side,
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
