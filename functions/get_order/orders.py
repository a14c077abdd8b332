"""Find an order or an invoice, and say whether orders are accepted.

A customer sees its own; any other is answered exactly like one that does not exist (guarantee G5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol
from uuid import UUID

from contracts.errors import DatabaseUnavailableError, InvoiceNotFoundError, OrderNotFoundError
from contracts.fields import parse_id
from contracts.orders import Order
from reading.orders import InvoiceWithPayments


class OrderRepository(Protocol):
    def find(self, order_id: UUID, *, customer_id: str) -> Order | None: ...
    def find_invoice(self, invoice_id: UUID, *, customer_id: str) -> InvoiceWithPayments | None: ...
    def is_writable(self) -> bool: ...


def find_order(order_id: str, *, customer_id: str, repository: OrderRepository) -> Order:
    """The order with its invoice. Raises OrderNotFoundError, and what the repository raises."""
    parsed = parse_id(order_id)
    order = None if parsed is None else repository.find(parsed, customer_id=customer_id)
    if order is None:
        raise OrderNotFoundError
    return order


def find_invoice(invoice_id: str, *, customer_id: str, repository: OrderRepository) -> InvoiceWithPayments:
    """The invoice with its payments. Raises InvoiceNotFoundError, and what the repository raises."""
    parsed = parse_id(invoice_id)
    found = None if parsed is None else repository.find_invoice(parsed, customer_id=customer_id)
    if found is None:
        raise InvoiceNotFoundError
    return found


def check_health(*, repository: OrderRepository, is_broker_answering: Callable[[], bool]) -> Literal["ok", "degraded"]:
    """Degraded without the broker: orders are accepted all the same. Raises DatabaseUnavailableError: they are not."""
    if not repository.is_writable():
        raise DatabaseUnavailableError
    return "ok" if is_broker_answering() else "degraded"
