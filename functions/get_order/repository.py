"""One order with its invoice, from Postgres."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.orders import Invoice, Order
from postgres import Database

SELECT_ORDER = """
SELECT o.order_id, o.customer_id, o.amount, o.currency, o.status, o.created_at,
       i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at
FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id = %s AND o.customer_id = %s
"""

# A replica left behind by a failover answers every read and accepts no order.
SELECT_IS_READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"


class PostgresOrderRepository:
    """Raises psycopg.Error."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order_id: UUID, *, customer_id: str) -> Order | None:
        """The order with its invoice, if it is this customer's."""
        row = self._database.run(
            lambda connection: connection.execute(SELECT_ORDER, [order_id, customer_id]).fetchone()
        )
        return _order(row) if row else None

    def is_writable(self) -> bool:
        """Whether orders could be stored now."""
        row = self._database.run(lambda connection: connection.execute(SELECT_IS_READ_ONLY).fetchone())
        return row is not None and not row[0]


def _order(row: tuple[Any, ...]) -> Order:
    return Order(
        order_id=row[0],
        customer_id=row[1],
        amount=row[2],
        currency=row[3],
        status=row[4],
        created_at=row[5],
        invoice=_invoice(row[6:]) if row[6] else None,
    )


def _invoice(row: tuple[Any, ...]) -> Invoice:
    return Invoice(
        invoice_id=row[0],
        number=row[1],
        status=row[2],
        amount=row[3],
        currency=row[4],
        issued_at=row[5],
        due_at=row[6],
    )
