"""Payments, refunds and what fits neither, in Postgres: one transaction for each webhook, under the invoice's lock.

The lock makes the sum of payments right: whatever is recorded for one invoice at once is recorded one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from outbox import row_parameters
from payments import statements
from payments.notices import Notice
from payments.recording import Event, Invoice, Outcome, UnmatchedError, status_after
from postgres import Database
from postgres.lean_psycopg import psycopg

Connection = psycopg.Connection[Any]
# What a bigint holds whatever its digits.
NUMBER_DIGITS_MAX = 18
EventOf = Callable[[Invoice], Event]


class PostgresPaymentRepository:
    """Raises psycopg.Error; repeating a call is harmless."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, notice: Notice, *, event_of: EventOf, due_in_s: float) -> Outcome:
        """Record a notice, or find that it was; `event_of` makes the event of an invoice that changed its status."""
        return self._database.run(lambda connection: _record(connection, notice, event_of, due_in_s))

    def delete_published(self, outbox_id: UUID) -> None:
        """Forget an event that the broker has confirmed."""
        self._database.run(lambda connection: connection.execute(statements.DELETE_PUBLISHED, [outbox_id]))


def _record(connection: Connection, notice: Notice, event_of: EventOf, due_in_s: float) -> Outcome:
    with connection.transaction():
        # Waits for the same delivery that is under way, and then sees what came of it.
        is_matched = connection.execute(statements.CLAIM_DELIVERY, _delivery(notice)).fetchone()
        if is_matched is not None and is_matched[0]:
            return Outcome(status="already recorded", invoice=_invoice_of(connection, notice))
        connection.execute(statements.LOCK_PAYMENT_ID, parameters_of(notice))
        try:
            outcome = settle(connection, notice, event_of, due_in_s)
        except UnmatchedError as unmatched:
            connection.execute(statements.KEEP_UNMATCHED, {**parameters_of(notice), "reason": str(unmatched)})
            return Outcome(status="unmatched", reason=str(unmatched))
        connection.execute(statements.MATCH_DELIVERY, _delivery(notice))
        return outcome


def settle(connection: Connection, notice: Notice, event_of: EventOf, due_in_s: float) -> Outcome:
    """Store what fits, and change the invoice; in a transaction that has the lock of the payment's id.

    Raises UnmatchedError before anything is stored.
    """
    invoice, is_new = _pay(connection, notice) if notice.refund_id is None else _refund(connection, notice)
    connection.execute(statements.NOTE_MATCHED, {"fingerprints": [notice.fingerprint()]})
    if not is_new:
        return Outcome(status="already recorded", invoice=invoice)
    if notice.refund_id is None:
        _retry_refunds(connection, notice)
    changed = _with_status(connection, invoice)
    if changed is None:
        return Outcome(status="recorded", invoice=invoice)
    event = event_of(changed)
    connection.execute(statements.INSERT_EVENT, row_parameters(event.outbox_id, event.message, due_in_s=due_in_s))
    return Outcome(status="recorded", invoice=changed, event=event)


def _pay(connection: Connection, notice: Notice) -> tuple[Invoice, bool]:
    invoice = _lock_named(connection, notice.invoice)
    if invoice is None:
        raise UnmatchedError("there is no such invoice" if notice.invoice else "it names no invoice")
    parameters = {**parameters_of(notice), "invoice_id": invoice.invoice_id}
    if connection.execute(statements.SELECT_PAYMENT, parameters).fetchone() is None:
        if notice.currency != invoice.currency:
            raise UnmatchedError(f"the invoice is in {invoice.currency}")
        # Of the same id for another invoice, in the same moment, one is first.
        if connection.execute(statements.INSERT_PAYMENT, parameters).rowcount == 1:
            return invoice, True
    stored = connection.execute(statements.SELECT_PAYMENT, parameters).fetchone()
    if stored != (invoice.invoice_id, notice.amount, notice.currency):
        raise UnmatchedError("a payment of this id is recorded with another amount, currency or invoice")
    return invoice, False


def _refund(connection: Connection, notice: Notice) -> tuple[Invoice, bool]:
    parameters = parameters_of(notice)
    payment = connection.execute(statements.SELECT_PAYMENT, parameters).fetchone()
    if payment is None:
        raise UnmatchedError("the payment that it names is not recorded")
    invoice = _lock(connection, payment[0])
    if notice.currency != payment[2]:
        raise UnmatchedError(f"the payment is in {payment[2]}")
    amount = _refunded_by(connection, notice, paid=payment[1])
    if amount is None:
        return invoice, False
    if connection.execute(statements.INSERT_REFUND, {**parameters, "amount": amount}).rowcount == 1:
        return invoice, True
    raise UnmatchedError("a refund of this id is recorded for another payment")


def _refunded_by(connection: Connection, notice: Notice, *, paid: int) -> int | None:
    """What a refund adds to those that are recorded; None for nothing. Raises UnmatchedError."""
    parameters = parameters_of(notice)
    stored = connection.execute(statements.SELECT_REFUND, parameters).fetchone()
    if stored is not None:
        if stored[0] != notice.payment_id or not (notice.refunds_are_totals or stored[1] == notice.amount):
            raise UnmatchedError("a refund of this id is recorded with another amount or payment")
        return None
    recorded = _scalar(connection, statements.SUM_REFUNDS, parameters)
    total = notice.amount if notice.refunds_are_totals else recorded + notice.amount
    if total > paid:
        raise UnmatchedError("more would be refunded than was paid")
    # Of totals, a lower one that comes after a higher one has nothing to add.
    return total - recorded if total > recorded else None


def _retry_refunds(connection: Connection, notice: Notice) -> None:
    """Refunds that came before their payment: those that fit now are recorded."""
    for row in connection.execute(statements.SELECT_EARLY_REFUNDS, parameters_of(notice)).fetchall():
        refund = replace(notice, refund_id=row[1], invoice=None, amount=row[2], currency=row[3], occurred_at=row[4])
        try:
            _refund(connection, refund)
        except UnmatchedError as unmatched:
            connection.execute(statements.EXPLAIN_UNMATCHED, [str(unmatched), row[0]])
        else:
            connection.execute(statements.NOTE_MATCHED, {"fingerprints": [row[0]]})


def _with_status(connection: Connection, invoice: Invoice) -> Invoice | None:
    """The invoice with the status that its payments give it now; None when that is the one it has."""
    balance = _scalar(connection, statements.SUM_BALANCE, {"invoice_id": invoice.invoice_id})
    status = status_after(invoice, balance)
    if status == invoice.status:
        return None
    connection.execute(statements.CHANGE_INVOICE, {"invoice_id": invoice.invoice_id, "status": status})
    return replace(invoice, status=status, version=invoice.version + 1)


def _lock_named(connection: Connection, invoice: str | None) -> Invoice | None:
    if invoice is None:
        return None
    if invoice.isascii() and invoice.isdigit():
        found = _find(connection, statements.FIND_BY_NUMBER, _number(invoice))
    else:
        found = _find(connection, statements.FIND_BY_ID, _id(invoice))
    return None if found is None else _lock(connection, found[0])


def _find(connection: Connection, statement: str, value: int | UUID | None) -> tuple[Any, ...] | None:
    return None if value is None else connection.execute(statement, [value]).fetchone()


def _number(text: str) -> int | None:
    return int(text) if len(text) <= NUMBER_DIGITS_MAX else None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _lock(connection: Connection, invoice_id: UUID) -> Invoice:
    row = connection.execute(statements.LOCK_INVOICE, [invoice_id]).fetchone()
    assert row is not None  # noqa: S101 - invoices are never deleted
    return Invoice(
        invoice_id=row[0],
        number=row[1],
        order_id=row[2],
        customer_id=row[3],
        amount=row[4],
        currency=row[5],
        status=row[6],
        version=row[7],
        traceparent=row[8],
    )


def _invoice_of(connection: Connection, notice: Notice) -> Invoice | None:
    payment = connection.execute(statements.SELECT_PAYMENT, parameters_of(notice)).fetchone()
    return None if payment is None else _lock(connection, payment[0])


def _scalar(connection: Connection, statement: str, parameters: dict[str, Any]) -> int:
    row = connection.execute(statement, parameters).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])


def _delivery(notice: Notice) -> dict[str, Any]:
    return {
        "provider": notice.provider,
        "delivery_id": notice.delivery_id,
        "kept_days": statements.DELIVERIES_KEPT_DAYS,
    }


def parameters_of(notice: Notice) -> dict[str, Any]:
    return {
        "fingerprint": notice.fingerprint(),
        "provider": notice.provider,
        "kind": notice.kind,
        "payment_id": notice.payment_id,
        "refund_id": notice.refund_id,
        "invoice": notice.invoice,
        "amount": notice.amount,
        "currency": notice.currency,
        "occurred_at": notice.occurred_at,
    }
