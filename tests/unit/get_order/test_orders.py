"""The use cases: an order is found by its own customer and its own form of id; health says what still works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.errors import DatabaseUnavailableError, OrderNotFoundError
from contracts.orders import Order
from get_order.orders import check_health, find_order

ID = UUID("0198f8a0-0000-7000-8000-00000000000a")
ORDER = Order(
    order_id=ID,
    customer_id="demo",
    amount=1,
    currency="BRL",
    status="pending",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


@dataclass
class Repository:
    """Has one order."""

    writable: bool = True

    def find(self, order_id: UUID, *, customer_id: str) -> Order | None:
        return ORDER if (order_id, customer_id) == (ID, "demo") else None

    def is_writable(self) -> bool:
        return self.writable


@pytest.mark.parametrize("order_id", [str(ID), str(ID).upper()])
def test_an_order_is_found(order_id: str) -> None:
    assert find_order(order_id, customer_id="demo", repository=Repository()) == ORDER


@pytest.mark.parametrize(
    ("order_id", "customer_id"),
    [(str(ID), "other"), (ID.hex, "demo"), (ID.urn, "demo"), (f"{{{ID}}}", "demo"), ("unknown", "demo"), ("", "demo")],
)
def test_any_other_is_not_found(order_id: str, customer_id: str) -> None:
    with pytest.raises(OrderNotFoundError):
        find_order(order_id, customer_id=customer_id, repository=Repository())


def test_health_is_ok_or_degraded_or_an_outage() -> None:
    assert check_health(repository=Repository(), is_broker_answering=lambda: True) == "ok"
    assert check_health(repository=Repository(), is_broker_answering=lambda: False) == "degraded"
    with pytest.raises(DatabaseUnavailableError):
        check_health(repository=Repository(writable=False), is_broker_answering=lambda: True)
