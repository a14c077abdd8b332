"""Match by hand what fitted nothing: it is recorded as a webhook that names the right invoice would be.

The same locks, the same checks and the same event (guarantee G8): a person says which invoice was meant, and nothing
of the amount, the currency or the payment's id. The event is left to the relay.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from payments import statements
from payments.notices import REFUNDS_ARE_TOTALS, Notice
from payments.recording import Outcome, UnmatchedError, event_of
from payments.repository import parameters_of, settle
from postgres.lean_psycopg import psycopg

Connection = psycopg.Connection[Any]


class Kept(NamedTuple):
    """A row of what fitted nothing."""

    fingerprint: bytes
    provider: str
    payment_id: str
    refund_id: str | None
    invoice: str | None
    amount: int
    currency: str
    occurred_at: datetime
    matched_at: datetime | None


def match(connection: Connection, unmatched_id: UUID, *, invoice: str | None) -> Outcome | None:
    """Record a payment for this invoice (an id or a number), or a refund for the payment that it names.

    Returns None if there is no such row. Raises UnmatchedError, with nothing changed, when it does not fit.
    """
    with connection.transaction():
        kept = _find(connection, unmatched_id)
        if kept is None:
            return None
        notice = _notice(kept, unmatched_id, invoice)
        connection.execute(statements.LOCK_PAYMENT_ID, parameters_of(notice))
        kept = _find(connection, unmatched_id)
        if kept is None or kept.matched_at is not None:
            return kept and Outcome(status="already recorded")
        outcome = settle(connection, notice, lambda changed: event_of(changed, traced=lambda message: message), 0.0)
        connection.execute(statements.NOTE_MATCHED, {"fingerprints": [kept.fingerprint]})
        return outcome


def _find(connection: Connection, unmatched_id: UUID) -> Kept | None:
    row = connection.execute(statements.SELECT_UNMATCHED, [unmatched_id]).fetchone()
    return None if row is None else Kept(*row)


def _notice(kept: Kept, unmatched_id: UUID, invoice: str | None) -> Notice:
    if (kept.refund_id is None) != (invoice is not None):
        raise UnmatchedError("a payment is matched to an invoice, a refund to the payment that it names")
    return Notice(
        provider=kept.provider,
        delivery_id=f"by hand {unmatched_id}",
        payment_id=kept.payment_id,
        refund_id=kept.refund_id,
        invoice=invoice,
        amount=kept.amount,
        currency=kept.currency,
        occurred_at=kept.occurred_at,
        refunds_are_totals=kept.provider in REFUNDS_ARE_TOTALS,
    )
