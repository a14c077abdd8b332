"""A payment matched by hand, an idempotency key freed, notes about redelivered messages forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from operations.parked_messages import UnknownMessageError
from operations.refusals import RefusedError
from operations.sides import SIDES
from payments import matching
from payments.recording import UnmatchedError

Connection = psycopg.Connection[Any]

FREE_IDEMPOTENCY_KEY = "DELETE FROM orders.idempotency_keys WHERE customer_id = %s AND key = %s RETURNING order_id"

# A message that is being worked on at this moment is noted anew when it comes again.
FORGET_ATTEMPTS = {
    side: f"""
WITH forgotten AS (DELETE FROM {side}.delivery_attempts RETURNING deaths)
SELECT count(*), coalesce(max(deaths), 0) FROM forgotten
"""  # noqa: S608 (a constant)
    for side in SIDES
}


def match(connection: Connection, *, unmatched_id: UUID, invoice: str | None) -> dict[str, Any]:
    """Record it as its webhook would have been. Raises UnknownMessageError and RefusedError."""
    try:
        outcome = matching.match(connection, unmatched_id, invoice=invoice)
    except UnmatchedError as unmatched:
        raise RefusedError(f"it does not fit: {unmatched}") from None
    if outcome is None:
        raise UnknownMessageError(f"no unmatched payment has the id {unmatched_id}")
    answer: dict[str, Any] = {"outcome": outcome.status, "eventsQueued": int(outcome.event is not None)}
    if (found := outcome.invoice) is not None:
        answer["invoice"] = {"invoiceId": str(found.invoice_id), "number": found.number, "status": found.status}
        answer["orderId"] = str(found.order_id)
    return answer


def free_idempotency_key(connection: Connection, *, customer_id: str, key: str) -> dict[str, Any]:
    """Forget what this key of the customer's was answered. Raises UnknownMessageError."""
    row = connection.execute(FREE_IDEMPOTENCY_KEY, [customer_id, key]).fetchone()
    if row is None:
        raise UnknownMessageError("this customer has no such idempotency key, or it has expired")
    return {"freed": 1, "orderId": str(row[0])}


def forget_attempts(connection: Connection, *, side: str) -> dict[str, Any]:
    """Let every message that is redelivered on this side begin anew."""
    row = connection.execute(FORGET_ATTEMPTS[side]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return {"forgotten": int(row[0]), "deathsMax": int(row[1])}
