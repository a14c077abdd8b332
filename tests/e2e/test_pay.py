"""`make pay` on a running system: the whole, parts, and the same again."""

from __future__ import annotations

import pytest
from tests.live_system import LiveSystem, wait_for


def ordered(live: LiveSystem, customer: str = "demo") -> str:
    with live.client(customer) as client:
        order_id: str = client.post("/orders", json={"amount": 1999}).json()["orderId"]
    return order_id


def wait_until(live: LiveSystem, order_id: str, status: str) -> None:
    statement = f"SELECT status FROM orders.orders WHERE order_id = '{order_id}'"
    wait_for(
        lambda: live.query(statement) == [(status,)], timeout_s=100, what=lambda: (live.query(statement), live.counts())
    )


@pytest.mark.parametrize("customer", ["demo", "other"])
def test_an_order_is_paid_once_however_often_its_webhook_comes(live: LiveSystem, customer: str) -> None:
    order_id = ordered(live, customer)
    said = [live.run("pay", f"--order={order_id}").strip() for _ in range(3)]
    assert [one.partition(":")[0] for one in said] == ["recorded", "already recorded", "already recorded"]
    assert all(one.endswith(" is paid") for one in said)
    wait_until(live, order_id, "paid")
    assert live.query(
        "SELECT count(*), sum(p.amount) FROM invoices.payments p JOIN invoices.invoices USING (invoice_id)"
        f" WHERE order_id = '{order_id}'"
    ) == [(1, 1999)]


def test_parts_add_up(live: LiveSystem) -> None:
    order_id = ordered(live)
    first = live.run("pay", f"--order={order_id}", "--amount=1500", f"--payment={order_id}-1")
    assert first.strip().endswith(" is issued")
    second = live.run("pay", f"--order={order_id}", "--amount=499", f"--payment={order_id}-2")
    assert second.strip().endswith(" is paid")
    wait_until(live, order_id, "paid")
