"""GET /orders/{orderId} and GET /health."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.integration.functions.http_events import get, post_order
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from contracts import openapi


def ordered(invoke: Any) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(invoke("create_order", post_order())["body"])
    return order


def test_an_order_is_read_with_its_invoice(empty: Any, invoke: Any) -> None:
    order = ordered(invoke)
    assert json.loads(invoke("get_order", get(f"/orders/{order['orderId']}"))["body"]) == order

    invoke("invoice_consumer", batch(message(order_body(orderId=order["orderId"]))))
    answer = invoke("get_order", get(f"/orders/{order['orderId']}"))
    invoice = json.loads(answer["body"])["invoice"]

    assert answer["statusCode"] == 200
    assert (invoice["number"], invoice["status"], invoice["amount"], invoice["currency"]) == (1, "issued", 1999, "BRL")
    assert set(invoice) == {"invoiceId", "number", "status", "amount", "currency", "issuedAt", "dueAt"}
    assert invoice["issuedAt"].endswith("Z")


@pytest.mark.parametrize("order_id", ["unknown", "0198f8a0-0000-7000-8000-000000000001", "%20", "{}", "1' OR '1'='1"])
def test_what_does_not_exist_is_404(empty: Any, invoke: Any, order_id: str) -> None:
    answer = invoke("get_order", get(f"/orders/{order_id}"))
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_somebody_elses_order_is_answered_like_an_unknown_one(empty: Any, invoke: Any) -> None:
    order = ordered(invoke)
    foreign = invoke("get_order", get(f"/orders/{order['orderId']}", customer="other"))
    unknown = invoke("get_order", get(f"/orders/{uuid.uuid4()}", customer="other"))
    assert foreign == unknown


def test_another_method_is_405(empty: Any, invoke: Any) -> None:
    answer = invoke("get_order", get("/orders/x", method="DELETE"))
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")


def test_health_is_ok_then_degraded_then_unavailable(empty: Any, invoke: Any) -> None:
    assert json.loads(invoke("get_order", get("/health", customer=None))["body"]) == {"status": "ok"}

    empty.rabbitmq.freeze()
    try:
        degraded = invoke("get_order", get("/health", customer=None))
    finally:
        empty.rabbitmq.thaw()
    assert (degraded["statusCode"], json.loads(degraded["body"])) == (200, {"status": "degraded", "broker": "down"})

    empty.postgres.stop()
    try:
        assert invoke("get_order", get("/health", customer=None))["statusCode"] == 503
    finally:
        empty.postgres.start()


def test_the_description_is_served_as_it_was_prepared(empty: Any, invoke: Any) -> None:
    answer = invoke("get_order", get("/openapi.json", customer=None))
    assert answer["headers"] == {"Content-Type": "application/json"}
    assert (answer["statusCode"], answer["body"]) == (200, openapi.document())
