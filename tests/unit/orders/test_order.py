"""`make order` against a gateway that answers as told: what it says while it waits, and when a part is away."""

from __future__ import annotations

import pytest
from tests.unit.orders.canned_gateway import CannedGateway

from localregion.__main__ import main

INVOICE = {"invoiceId": "i", "number": 7, "amount": 1999, "currency": "BRL", "status": "issued"}


def test_an_order_that_takes_long_says_once_what_it_waits_for(
    gateway: CannedGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers["/orders"] = [(201, {"orderId": "1", "invoice": None})]
    waiting = (200, {"status": "pending", "invoice": None})
    gateway.answers["/orders/1"] = [waiting] * 3 + [(200, {"status": "paid", "invoice": INVOICE})]
    gateway.answers["/webhooks/payments"] = [(200, {"status": "recorded"})]
    gateway.answers["/health"] = [(200, {"status": "degraded", "broker": "down"})]
    assert main(["order"]) == 0

    output = capsys.readouterr().out
    assert output.count("no invoice yet, waiting up to 90 s: the broker is down, the event waits in the outbox") == 1
    assert "invoiced after" in output


def test_an_order_is_shown_accepted_invoiced_and_paid(
    gateway: CannedGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers["/orders"] = [(201, {"orderId": "1", "status": "pending", "invoice": None})]
    invoiced = (200, {"status": "pending", "invoice": INVOICE})
    gateway.answers["/orders/1"] = [invoiced] * 3 + [(200, {"status": "paid", "invoice": INVOICE})]
    paid = {"invoiceId": "i", "number": 7, "status": "paid"}
    gateway.answers["/webhooks/payments"] = [(200, {"status": "recorded", "invoice": paid})]
    gateway.answers["/health"] = [(200, {"status": "ok", "broker": "up"})]
    assert main(["order"]) == 0

    output = capsys.readouterr().out
    steps = ["invoiced after", "webhook of its payment: recorded: invoice no. 7 is paid", "\npaid after", "no trace:"]
    assert [output.count(step) for step in steps] == [1] * len(steps)
    assert sorted(steps, key=output.index) == steps
    assert output.count("no paid order yet, waiting up to 90 s") == 1


def test_an_order_without_a_database_is_one_line(gateway: CannedGateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.answers["/orders"] = [(503, {"title": "Unavailable", "detail": "Orders cannot be reached."})]
    assert main(["order"]) == 1
    assert capsys.readouterr().err == (
        "error: POST /orders: 503 Orders cannot be reached: `make status` says what runs\n"
    )
