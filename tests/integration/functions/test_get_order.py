"""GET /orders/{orderId} and GET /health."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from tests.integration.functions.conftest import DATABASE
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
    assert set(invoice) == {"invoiceId", "number", "status", "amount", "currency", "issuedAt", "dueAt", "creditNote"}
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


def health(invoke: Any) -> dict[str, Any]:
    answer: dict[str, Any] = invoke("get_order", get("/health", customer=None))
    return answer


def health_becomes(invoke: Any, status_code: int, status: str | None) -> dict[str, Any]:
    """Ask until the answer is this: what was said before is repeated for two seconds."""
    deadline = time.monotonic() + 20
    while True:
        answer = health(invoke)
        if (answer["statusCode"], json.loads(answer["body"])["status"]) == (status_code, status or status_code):
            return answer
        assert time.monotonic() < deadline, answer


def test_health_is_ok_then_degraded_then_unavailable(empty: Any, invoke: Any) -> None:
    assert json.loads(health(invoke)["body"]) == {"status": "ok"}

    empty.rabbitmq.freeze()
    try:
        degraded = health_becomes(invoke, 200, "degraded")
    finally:
        empty.rabbitmq.thaw()
    assert json.loads(degraded["body"]) == {"status": "degraded", "broker": "down"}
    health_becomes(invoke, 200, "ok")

    empty.postgres.stop()
    try:
        assert health_becomes(invoke, 503, None)["headers"]["Retry-After"] == "2"
    finally:
        empty.postgres.start()
    health_becomes(invoke, 200, "ok")


def test_a_frozen_broker_is_waited_for_once_in_two_seconds(empty: Any, invoke: Any) -> None:
    """Not for each request: four addresses at the permitted rate would hold every environment."""
    empty.rabbitmq.freeze()
    try:
        started = time.monotonic()
        answers = [health(invoke) for _ in range(50)]
        elapsed_s = time.monotonic() - started
    finally:
        empty.rabbitmq.thaw()
    assert {json.loads(answer["body"])["status"] for answer in answers} == {"degraded"}
    assert 0.5 <= elapsed_s < 50 * 0.5 / 5


def test_the_description_is_served_as_it_was_prepared(empty: Any, invoke: Any) -> None:
    answer = invoke("get_order", get("/openapi.json", customer=None))
    assert answer["headers"] == {"Content-Type": "application/json"}
    assert (answer["statusCode"], answer["body"]) == (200, openapi.document())


def test_a_session_that_began_read_only_is_not_kept(empty: Any, invoke: Any) -> None:
    """What a database or a role says when a session begins stays with it, also after that is set back."""
    with empty.admin() as admin:
        admin.execute(f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
        try:
            database = invoke.dependencies("get_order").database
            database.close()
            began = database.connection()
            assert began.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
        finally:
            admin.execute(f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")
    kept = database.connection()
    assert kept.execute("SHOW default_transaction_read_only").fetchone() == ("off",)
