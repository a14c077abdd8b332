"""What the database and the broker hold of a run, read once everything has healed.

A database may hold more than one run: orders and invoices are a run's by their amounts, parked messages by their time.
The numbers of invoices belong to no run: they have no gap over all runs together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from proof.chaos.amounts import STRAYS_FROM, Amounts

_MONEY = """
SELECT payment_id AS id, NULL AS refund_of, invoice_id::text, amount, recorded_at FROM invoices.payments
UNION ALL
SELECT refund_id, payment_id, invoice_id::text, r.amount, r.recorded_at
FROM invoices.refunds r JOIN invoices.payments USING (provider, payment_id)
"""
PAYMENTS = f"SELECT id, refund_of, invoice_id, amount FROM ({_MONEY}) AS money WHERE recorded_at >= %s"
UNMATCHED = """
SELECT coalesce(refund_id, payment_id) AS id, reason FROM invoices.unmatched_payments
WHERE first_seen_at >= %s AND matched_at IS NULL
"""
CREDIT_NOTES = "SELECT number, invoice_id::text FROM invoices.credit_notes"
PARKED = """
SELECT body, reason FROM invoices.parked_messages WHERE first_seen_at >= %s
UNION ALL SELECT body, reason FROM orders.parked_messages WHERE first_seen_at >= %s
"""


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    order_id: str
    customer_id: str
    amount: int
    currency: str
    status: str = "pending"


@dataclass(frozen=True, kw_only=True)
class InvoiceRow:
    number: int
    order_id: str
    customer_id: str
    amount: int
    currency: str
    invoice_id: str = ""
    status: str = "issued"


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    """A payment, or with `refund_of` a refund."""

    id: str
    refund_of: str | None
    invoice_id: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class UnmatchedRow:
    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CreditNoteRow:
    number: int
    invoice_id: str


@dataclass(frozen=True, kw_only=True)
class ParkedRow:
    body: bytes
    reason: str


@dataclass(frozen=True, kw_only=True)
class Records:
    """`payments` are refunds, too; credit notes are those of all runs. `outbox` is a number of rows of both sides,
    `queue_depths` of messages by queue; `stalled` says what moved too late."""

    orders: Sequence[OrderRow] = ()
    invoices: Sequence[InvoiceRow] = ()
    numbers: Sequence[int] = ()
    payments: Sequence[PaymentRow] = ()
    unmatched: Sequence[UnmatchedRow] = ()
    credit_notes: Sequence[CreditNoteRow] = ()
    parked: Sequence[ParkedRow] = ()
    outbox: int = 0
    queue_depths: Mapping[str, int] = field(default_factory=dict)
    stalled: Sequence[str] = ()


def read_records(
    connection: psycopg.Connection[Any], queue_depths: Mapping[str, int], *, since: datetime, amounts: Amounts
) -> Records:
    """Read all tables as they are now; `since` is the database's time at which the run began."""
    numbers = connection.execute("SELECT number FROM invoices.invoices").fetchall()
    outbox = connection.execute(
        "SELECT (SELECT count(*) FROM orders.outbox) + (SELECT count(*) FROM invoices.outbox)"
    ).fetchall()
    orders = _rows(connection, "order_id::text, customer_id, status", "orders.orders", amounts)
    invoices = _rows(
        connection, "number, order_id::text, customer_id, invoice_id::text, status", "invoices.invoices", amounts
    )
    return Records(
        orders=[OrderRow(**row) for row in orders],
        invoices=[InvoiceRow(**row) for row in invoices],
        numbers=[row[0] for row in numbers],
        payments=[PaymentRow(**row) for row in _dicts(connection, PAYMENTS, since)],
        unmatched=[UnmatchedRow(**row) for row in _dicts(connection, UNMATCHED, since)],
        credit_notes=[CreditNoteRow(**row) for row in _dicts(connection, CREDIT_NOTES)],
        parked=[
            ParkedRow(body=bytes(row["body"]), reason=row["reason"]) for row in _dicts(connection, PARKED, since, since)
        ],
        outbox=outbox[0][0],
        queue_depths=queue_depths,
    )


def _dicts(connection: psycopg.Connection[Any], statement: str, *parameters: Any) -> list[dict[str, Any]]:
    return connection.cursor(row_factory=dict_row).execute(statement, parameters).fetchall()


def _rows(connection: psycopg.Connection[Any], columns: str, table: str, amounts: Amounts) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    statement = f"SELECT {columns}, amount, currency FROM {table} WHERE amount BETWEEN %s AND %s OR amount >= %s"
    return cursor.execute(statement, [amounts.orders_from, STRAYS_FROM - 1, amounts.strays_from]).fetchall()
