"""The outboxes of both sides: show rows that wait for the broker, postpone one that never goes, or remove it.

What is removed is never published; the answer has what it was. The message of a removed replay waits again where it is
parked.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from contracts.timestamps import format_timestamp
from operations import outbox_repository
from operations.pages import page
from operations.parked_messages import UnknownMessageError
from operations.previews import preview, properties_object


def list_outbox(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, outbox_id: UUID | None
) -> dict[str, Any]:
    """Return the oldest first. Raises UnknownMessageError."""
    rows = outbox_repository.select_outbox(connection, limit=limit + 1, after=after, outbox_id=outbox_id)
    wanted = outbox_id or after
    if wanted is not None and not rows and (outbox_id or not outbox_repository.exists(connection, wanted)):
        raise _unknown(wanted)
    entries, has_more = page(map(_entry, rows), limit=limit)
    total, failed = outbox_repository.count_outbox(connection)
    return {
        "total": total,
        "failed": failed,
        "rows": entries,
        "nextAfter": entries[-1]["outboxId"] if has_more else None,
    }


def postpone(connection: psycopg.Connection[Any], *, outbox_id: UUID, seconds: int) -> dict[str, Any]:
    """Let the relay leave it alone for a while. Raises UnknownMessageError."""
    due_at = outbox_repository.postpone(connection, outbox_id, seconds)
    if due_at is None:
        raise _unknown(outbox_id)
    return {"postponed": 1, "dueAt": format_timestamp(due_at)}


def remove(connection: psycopg.Connection[Any], *, outbox_id: UUID) -> dict[str, Any]:
    """Never publish it. Raises UnknownMessageError."""
    found = outbox_repository.remove(connection, outbox_id)
    if found is None:
        raise _unknown(outbox_id)
    row, waits_again = found
    return {"removed": 1, "row": _entry(row), "parkedMessageWaitsAgain": waits_again}


def _unknown(outbox_id: UUID) -> UnknownMessageError:
    return UnknownMessageError(f"no row of the outbox has the id {outbox_id}")


def _entry(row: outbox_repository.OutboxRow) -> dict[str, Any]:
    return {
        "schema": row.schema,
        "outboxId": str(row.outbox_id),
        "createdAt": format_timestamp(row.created_at),
        "dueAt": format_timestamp(row.due_at),
        "attempts": row.attempts,
        "lastError": row.last_error,
        "exchange": row.exchange,
        "routingKey": row.routing_key,
        "properties": properties_object(row.properties),
        "size": row.size,
        "body": preview(bytes(row.preview), size=row.size),
    }
