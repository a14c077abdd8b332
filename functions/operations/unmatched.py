"""Payments and refunds that fit no invoice or payment: show them, or dismiss them.

One waits until it is matched, which `record_payment` does when it fits later, or until it is dismissed; a dismissed one
that is sent again waits again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from contracts.timestamps import format_timestamp
from operations import unmatched_repository
from operations.pages import page
from operations.parked_messages import UnknownMessageError


def list_unmatched(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, unmatched_id: UUID | None
) -> dict[str, Any]:
    """Return the newest first. Raises UnknownMessageError."""
    rows = unmatched_repository.select_unmatched(connection, limit=limit + 1, after=after, unmatched_id=unmatched_id)
    wanted = unmatched_id or after
    if wanted is not None and not rows and (unmatched_id or not unmatched_repository.exists(connection, wanted)):
        raise _unknown(wanted)
    entries, has_more = page(map(_entry, rows), limit=limit)
    total, waiting = unmatched_repository.count_unmatched(connection)
    return {
        "total": total,
        "waiting": waiting,
        "payments": entries,
        "nextAfter": entries[-1]["unmatchedId"] if has_more else None,
    }


def dismiss(connection: psycopg.Connection[Any], *, unmatched_id: UUID) -> None:
    """Let it wait no longer; it is kept, and waits again should it be sent again. Raises UnknownMessageError."""
    if not unmatched_repository.dismiss(connection, unmatched_id):
        raise _unknown(unmatched_id)


def _unknown(unmatched_id: UUID) -> UnknownMessageError:
    return UnknownMessageError(f"no unmatched payment has the id {unmatched_id}")


def _entry(row: unmatched_repository.UnmatchedRow) -> dict[str, Any]:
    return {
        "unmatchedId": str(row.unmatched_id),
        "state": row.state,
        "kind": row.kind,
        "provider": row.provider,
        "paymentId": row.payment_id,
        "refundId": row.refund_id,
        "invoice": row.invoice,
        "amount": row.amount,
        "currency": row.currency,
        "occurredAt": format_timestamp(row.occurred_at),
        "reason": row.reason,
        "firstSeenAt": format_timestamp(row.first_seen_at),
        "lastSeenAt": format_timestamp(row.last_seen_at),
        "seenCount": row.seen_count,
        "matchedAt": _time(row.matched_at),
        "dismissedAt": _time(row.dismissed_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment)
