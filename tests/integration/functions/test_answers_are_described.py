"""What the functions answer, with real services behind them, are the models that the description is made from."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.functions.http_events import get, post_order, read
from tests.integration.functions.payments import payment
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from orders.openapi import models


def test_orders_are_the_models(empty: Any, invoke: Any) -> None:
    pending = models.Order.model_validate_json(invoke("create_order", post_order())["body"])
    order_id = str(pending.order_id)
    invoke("invoice_consumer", batch(message(order_body(orderId=order_id))))
    invoiced = models.Order.model_validate_json(invoke("get_order", get(f"/orders/{order_id}"))["body"])

    assert pending.invoice is None
    assert invoiced.invoice is not None
    assert invoiced.invoice.number == 1


def test_lists_and_invoices_are_the_models(empty: Any, invoke: Any) -> None:
    order_id = json.loads(invoke("create_order", post_order({"amount": 1999, "reference": "basket 42"}))["body"])[
        "orderId"
    ]
    invoke("invoice_consumer", batch(message(order_body(orderId=order_id))))
    invoke("create_order", post_order())
    first = models.Orders.model_validate_json(invoke("get_order", read("/orders", query={"limit": "1"}))["body"])
    both = models.Orders.model_validate_json(invoke("get_order", read("/orders"))["body"])
    [invoiced] = [order.invoice for order in both.orders if order.invoice]
    assert invoke("record_payment", payment(str(invoiced.invoice_id)))["statusCode"] == 200
    invoice = models.InvoiceWithPayments.model_validate_json(
        invoke("get_order", read(f"/invoices/{invoiced.invoice_id}"))["body"]
    )

    assert first.next_cursor is not None
    assert both.next_cursor is None
    assert [order.reference for order in both.orders] == [None, "basket 42"]
    assert (str(invoice.order_id), len(invoice.payments)) == (order_id, 1)


def test_health_is_the_model(empty: Any, invoke: Any) -> None:
    health = models.Health.model_validate_json(invoke("get_order", get("/health", customer=None))["body"])
    assert health.root.status == "ok"


def test_problems_are_the_model(empty: Any, invoke: Any) -> None:
    answers = [
        invoke("create_order", post_order({"amount": 0, "note": 1})),
        invoke("create_order", post_order({"amount": 1}, customer=None)),
        invoke("get_order", get("/orders/unknown")),
        invoke("get_order", get("/orders/unknown", method="DELETE")),
        invoke("get_order", read("/orders", query={"limit": "0"})),
        invoke("get_order", read("/invoices/unknown")),
    ]
    problems = [models.Problem.model_validate_json(answer["body"]) for answer in answers]

    assert [problem.status for problem in problems] == [answer["statusCode"] for answer in answers]
    assert [problem.status for problem in problems] == [422, 401, 404, 405, 400, 404]
    assert [error.pointer for error in problems[0].errors] == ["/amount", "/note"]
    assert json.loads(answers[0]["body"]) == problems[0].model_dump(mode="json")
