"""Orders with their invoices out of Postgres, as customers read them; every statement asks for one customer's own.

What a row of a customer's orders is to a page, and what an order is with its payments, is said here once: `get_order`
answers with it, and so does `cancel_order`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from contracts.orders import CreditNote, Invoice, Order, Payment
from reading.payments import payments_of

COLUMNS = """o.order_id, o.customer_id, o.amount, o.currency, o.status, o.reference, o.created_at, o.updated_at,
       i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at, c.number, c.issued_at"""

INVOICES = """LEFT JOIN invoices.invoices i ON i.order_id = o.order_id
LEFT JOIN invoices.credit_notes c ON c.invoice_id = i.invoice_id"""

SELECT_ORDER = f"""
SELECT {COLUMNS}
FROM orders.orders o
{INVOICES}
WHERE o.order_id = %s AND o.customer_id = %s
"""  # noqa: S608 (constants)

SELECT_INVOICE = """
SELECT i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at, c.number, c.issued_at, i.order_id
FROM invoices.invoices i
LEFT JOIN invoices.credit_notes c ON c.invoice_id = i.invoice_id
WHERE i.invoice_id = %s AND i.customer_id = %s
"""

Connection = psycopg.Connection[Any]
ORDER_COLUMNS = 8


class InvoiceWithPayments(NamedTuple):
    """What `GET /invoices/{invoiceId}` shows."""

    order_id: UUID
    invoice: Invoice
    payments: Sequence[Payment]

    def to_body(self) -> dict[str, Any]:
        payments = [payment.to_body() for payment in self.payments]
        return {**self.invoice.to_body(), "orderId": str(self.order_id), "payments": payments}


def find(connection: Connection, order_id: UUID, *, customer_id: str) -> Order | None:
    """The order with its invoice and payments, if it is this customer's."""
    row = connection.execute(SELECT_ORDER, [order_id, customer_id]).fetchone()
    if row is None:
        return None
    invoice_id = row[ORDER_COLUMNS]
    return order_of(row, payments=payments_of(connection, invoice_id) if invoice_id else ())


def find_invoice(connection: Connection, invoice_id: UUID, *, customer_id: str) -> InvoiceWithPayments | None:
    """The invoice with its payments, if it is this customer's."""
    row = connection.execute(SELECT_INVOICE, [invoice_id, customer_id]).fetchone()
    if row is None:
        return None
    return InvoiceWithPayments(order_id=row[9], invoice=invoice_of(row), payments=payments_of(connection, invoice_id))


def order_of(row: tuple[Any, ...], *, payments: Sequence[Payment] | None) -> Order:
    """The order of a row of `COLUMNS`."""
    return Order(
        order_id=row[0],
        customer_id=row[1],
        amount=row[2],
        currency=row[3],
        status=row[4],
        reference=row[5],
        created_at=row[6],
        updated_at=row[7],
        invoice=invoice_of(row[ORDER_COLUMNS:]) if row[ORDER_COLUMNS] else None,
        payments=payments,
    )


def invoice_of(row: tuple[Any, ...]) -> Invoice:
    """The invoice of the second half of such a row."""
    return Invoice(
        invoice_id=row[0],
        number=row[1],
        status=row[2],
        amount=row[3],
        currency=row[4],
        issued_at=row[5],
        due_at=row[6],
        credit_note=CreditNote(number=row[7], issued_at=row[8]) if row[7] else None,
    )
