"""Find an order, and say whether orders are accepted.

A customer sees its own orders; any other order is answered exactly like one that does not exist (guarantee G5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol
from uuid import UUID

from contracts.errors import DatabaseUnavailableError, OrderNotFoundError
from contracts.orders import Order


class OrderRepository(Protocol):
    def find(self, order_id: UUID, *, customer_id: str) -> Order | None: ...
    def is_writable(self) -> bool: ...


def find_order(order_id: str, *, customer_id: str, repository: OrderRepository) -> Order:
    """The order with its invoice. Raises OrderNotFoundError, and what the repository raises."""
    parsed = _order_id(order_id)
    order = None if parsed is None else repository.find(parsed, customer_id=customer_id)
    if order is None:
        raise OrderNotFoundError
    return order


def check_health(*, repository: OrderRepository, is_broker_answering: Callable[[], bool]) -> Literal["ok", "degraded"]:
    """Degraded without the broker: orders are accepted all the same. Raises DatabaseUnavailableError: they are not."""
    if not repository.is_writable():
        raise DatabaseUnavailableError
    return "ok" if is_broker_answering() else "degraded"


def _order_id(text: str) -> UUID | None:
    """An id in the one form that we hand out: what else `UUID` accepts (braces, URN, no hyphens) is no order's id."""
    try:
        order_id = UUID(text)
    except ValueError:
        return None
    return order_id if str(order_id) == text.lower() else None
