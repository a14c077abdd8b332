"""What customers read, from Postgres: one order, one invoice, a page of orders; and whether orders can be stored."""

from __future__ import annotations

from uuid import UUID

from contracts.orders import Order
from get_order.pages import Query
from postgres import Database
from reading import lists, orders
from reading.orders import InvoiceWithPayments

# A replica left behind by a failover answers every read and accepts no order.
SELECT_IS_READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"


class PostgresOrderRepository:
    """Raises psycopg.Error."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order_id: UUID, *, customer_id: str) -> Order | None:
        """The order with its invoice and payments, if it is this customer's."""
        return self._database.run(lambda connection: orders.find(connection, order_id, customer_id=customer_id))

    def find_invoice(self, invoice_id: UUID, *, customer_id: str) -> InvoiceWithPayments | None:
        """The invoice with its payments, if it is this customer's."""
        return self._database.run(
            lambda connection: orders.find_invoice(connection, invoice_id, customer_id=customer_id)
        )

    def list_orders(self, query: Query, *, customer_id: str) -> list[Order]:
        """One order more than the page has, if there is one."""
        return self._database.run(
            lambda connection: lists.select(
                connection,
                customer_id=customer_id,
                status=query.status,
                reference=query.reference,
                created_from=query.created_from,
                created_to=query.created_to,
                before=query.before,
                limit=query.limit + 1,
            )
        )

    def is_writable(self) -> bool:
        """Whether orders could be stored now."""
        row = self._database.run(lambda connection: connection.execute(SELECT_IS_READ_ONLY).fetchone())
        return row is not None and not row[0]
