"""Rows of an order's life, put into the tables as they stand after what they tell of."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from typing import Any

from tests.integration.functions.conftest import Released

from contracts.topology import INVOICE_CHANGED_QUEUE

ORDER = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, created_at, updated_at, invoice_version,
    reference)
VALUES (%(order_id)s, %(customer_id)s, %(amount)s, 'BRL', %(order)s, now() - interval '1 h',
    now() - %(age_s)s * interval '1 s', %(heeded)s, %(reference)s)
"""
INVOICE = """
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at, updated_at,
    version)
VALUES (%(number)s, %(order_id)s, %(customer_id)s, %(amount)s, 'BRL', %(invoice)s, now() - interval '1 h', now(),
    now() - %(age_s)s * interval '1 s', %(version)s)
"""
CREDIT_NOTE = """
INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
SELECT %(credit_note)s, invoice_id, amount, currency, now() FROM invoices.invoices WHERE number = %(number)s
"""
PAYMENT = """
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at)
SELECT 'default', %(payment_id)s, invoice_id, %(amount)s, currency, now() FROM invoices.invoices
WHERE number = %(number)s
"""
REFUND = """
INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at)
VALUES ('default', %(refund_id)s, %(payment_id)s, %(amount)s, now())
"""
COUNTERS = """
UPDATE invoices.invoice_counter SET last_number = coalesce((SELECT max(number) FROM invoices.invoices), 0)
"""
CREDIT_NOTE_COUNTER = """
UPDATE invoices.credit_note_counter SET last_number = coalesce((SELECT max(number) FROM invoices.credit_notes), 0)
"""
UNMATCHED = """
INSERT INTO invoices.unmatched_payments (fingerprint, provider, kind, payment_id, refund_id, invoice, amount, currency,
    occurred_at, reason, last_seen_at)
VALUES (%(fingerprint)s, 'default', %(kind)s, %(payment_id)s, %(refund_id)s, '42', 1999, 'BRL', now(),
    'no such invoice', now() - %(age_s)s * interval '1 s')
RETURNING unmatched_id::text
"""
PARKED = """
INSERT INTO {side}.parked_messages (fingerprint, queue, properties, body, reason, last_seen_at)
VALUES (sha256(gen_random_uuid()::text::bytea), %(queue)s, %(properties)s, %(body)s, 'broken',
    now() - %(age_s)s * interval '1 s')
RETURNING parked_id::text
"""


def new_id() -> uuid.UUID:
    """An order id of this moment, as UUID version 7 orders them."""
    return uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | secrets.randbits(80))


def invoiced(released: Released, **changes: Any) -> str:
    """An order of an hour ago with its invoice, both with a status of their own; returns its id."""
    row = {
        "order_id": new_id(),
        "customer_id": "demo",
        "amount": 1999,
        "order": "pending",
        "invoice": "issued",
        "number": 1 + released.count("invoices.invoices"),
        "credit_note": 1 + released.count("invoices.credit_notes"),
        "age_s": 600,
        "heeded": 0,
        "version": 0,
        "reference": None,
        **changes,
    }
    with released.admin() as connection:
        connection.execute(ORDER, row)
        connection.execute(INVOICE, row)
        if row["invoice"] == "canceled" and row["credit_note"] is not None:
            connection.execute(CREDIT_NOTE, row)
        connection.execute(COUNTERS)
        connection.execute(CREDIT_NOTE_COUNTER)
    return str(row["order_id"])


def paid(released: Released, amount: int, *, number: int = 1, refunded: int = 0) -> None:
    """A payment for the invoice of this number, and what was given back of it."""
    row = {"payment_id": uuid.uuid4().hex, "refund_id": uuid.uuid4().hex, "amount": amount, "number": number}
    with released.admin() as connection:
        connection.execute(PAYMENT, row)
        if refunded:
            connection.execute(REFUND, {**row, "amount": refunded})


def unmatched(released: Released, payment_id: str, *, refund_id: str | None = None, age_s: int = 0) -> str:
    """A payment, or a refund of one, that fits nothing; returns its id."""
    row = {
        "fingerprint": hashlib.sha256(f"{payment_id} {refund_id}".encode()).digest(),
        "kind": "payment" if refund_id is None else "refund",
        "payment_id": payment_id,
        "refund_id": refund_id,
        "age_s": age_s,
    }
    with released.admin() as connection:
        return str(connection.execute(UNMATCHED, row).fetchone()[0])  # type: ignore[index]


def parked(
    released: Released,
    *,
    side: str = "orders",
    queue: str = INVOICE_CHANGED_QUEUE,
    properties: str = "{}",
    body: bytes = b"{",
    age_s: int = 0,
) -> str:
    """A message parked on one side; returns its id."""
    row = {"queue": queue, "properties": properties, "body": body, "age_s": age_s}
    with released.admin() as connection:
        return str(connection.execute(PARKED.format(side=side), row).fetchone()[0])  # type: ignore[index]
