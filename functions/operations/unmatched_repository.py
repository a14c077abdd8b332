"""Unmatched payments and refunds in Postgres, as an operator handles them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations.pages import TEXT_LENGTH_MAX

# Until it is matched for good, or dismissed; and again when it is seen after that.
_WAITING = "(matched_at IS NULL AND coalesce(last_seen_at > dismissed_at, true))"

SELECT_UNMATCHED = f"""
WITH last AS (SELECT last_seen_at FROM invoices.unmatched_payments WHERE unmatched_id = %(after)s::uuid)
SELECT unmatched_id,
       CASE WHEN {_WAITING} THEN 'waiting' WHEN matched_at IS NULL THEN 'dismissed' ELSE 'matched' END,
       kind, left(provider, {TEXT_LENGTH_MAX}), left(payment_id, {TEXT_LENGTH_MAX}), left(refund_id, {TEXT_LENGTH_MAX}),
       left(invoice, {TEXT_LENGTH_MAX}), amount, left(currency, {TEXT_LENGTH_MAX}), occurred_at,
       left(reason, {TEXT_LENGTH_MAX}), first_seen_at, last_seen_at, seen_count, matched_at, dismissed_at
FROM invoices.unmatched_payments
WHERE (%(unmatched_id)s::uuid IS NULL OR unmatched_id = %(unmatched_id)s::uuid)
  AND (%(after)s::uuid IS NULL OR last_seen_at <= (SELECT last_seen_at FROM last)
       AND (last_seen_at < (SELECT last_seen_at FROM last) OR unmatched_id > %(after)s::uuid))
ORDER BY last_seen_at DESC, unmatched_id LIMIT %(limit)s
"""  # noqa: S608 (constants)

FIRST_WAITING = f"""
SELECT count(*) OVER (), unmatched_id, kind, left(provider, {TEXT_LENGTH_MAX}), left(invoice, {TEXT_LENGTH_MAX}),
       left(payment_id, {TEXT_LENGTH_MAX}), amount, left(currency, {TEXT_LENGTH_MAX}), left(reason, {TEXT_LENGTH_MAX})
FROM invoices.unmatched_payments WHERE {_WAITING} ORDER BY first_seen_at, unmatched_id LIMIT %(limit)s
"""  # noqa: S608 (constants)

COUNT_UNMATCHED = f"SELECT count(*), count(*) FILTER (WHERE {_WAITING}) FROM invoices.unmatched_payments"  # noqa: S608

EXISTS = "SELECT FROM invoices.unmatched_payments WHERE unmatched_id = %s"

DISMISS = "UPDATE invoices.unmatched_payments SET dismissed_at = clock_timestamp() WHERE unmatched_id = %s"


class UnmatchedRow(NamedTuple):
    """A payment or refund that fits nothing; `invoice` is the id or number that it named."""

    unmatched_id: UUID
    state: str
    kind: str
    provider: str
    payment_id: str
    refund_id: str | None
    invoice: str | None
    amount: int
    currency: str
    occurred_at: datetime
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime
    seen_count: int
    matched_at: datetime | None
    dismissed_at: datetime | None


def select_unmatched(
    connection: psycopg.Connection[Any], *, limit: int, after: UUID | None, unmatched_id: UUID | None
) -> list[UnmatchedRow]:
    """The newest first, from behind `after`, or the one with this id."""
    parameters = {"limit": limit, "after": after, "unmatched_id": unmatched_id}
    return [UnmatchedRow(*row) for row in connection.execute(SELECT_UNMATCHED, parameters)]


def exists(connection: psycopg.Connection[Any], unmatched_id: UUID) -> bool:
    """Whether there is such a payment or refund."""
    return connection.execute(EXISTS, [unmatched_id]).fetchone() is not None


def count_unmatched(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many there are, and how many of them wait."""
    row = connection.execute(COUNT_UNMATCHED).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])


def dismiss(connection: psycopg.Connection[Any], unmatched_id: UUID) -> bool:
    """Return whether there is such a payment or refund."""
    return connection.execute(DISMISS, [unmatched_id]).rowcount == 1
