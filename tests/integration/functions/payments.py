"""Orders with invoices, and the webhooks that pay them, for the tests."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from tests.integration.functions.conftest import WEBHOOK_SECRET, Released
from tests.integration.functions.http_events import post_webhook
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from orders.webhook import signature

Answer = tuple[int, dict[str, Any]]


def invoiced(empty: Released, invoke: Any, *, amount: int = 1999, order_id: str | None = None, **headers: Any) -> str:
    """Issue an invoice; returns its id."""
    body = order_body(amount=amount) if order_id is None else order_body(amount=amount, orderId=order_id)
    invoke("invoice_consumer", batch(message(body, **headers)))
    return str(empty.query("SELECT invoice_id FROM invoices.invoices ORDER BY number DESC LIMIT 1")[0][0])


def notice(kind: str, delivery: str, *, secret: str = WEBHOOK_SECRET, at: float | None = None, **data: Any) -> Any:
    """A signed webhook of the default provider."""
    body = json.dumps({"type": kind, "data": data}).encode()
    timestamp = str(int(time.time() if at is None else at))
    signed = {
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(secret, delivery, timestamp, body),
    }
    return post_webhook(body, signed)


def payment(invoice: str, amount: int = 1999, *, named: str = "p1", delivery: str | None = None, **more: Any) -> Any:
    data = {
        "paymentId": named,
        "invoiceId": invoice,
        "amount": amount,
        "currency": "BRL",
        "paidAt": "2026-11-22T00:00:00Z",
    }
    secret = {"secret": more.pop("secret")} if "secret" in more else {}
    return notice("payment.succeeded", delivery or f"msg_{named}", **secret, **{**data, **more})


def refund(of: str = "p1", amount: int = 1999, *, named: str = "r1", delivery: str | None = None, **more: Any) -> Any:
    data = {
        "refundId": named,
        "paymentId": of,
        "amount": amount,
        "currency": "BRL",
        "refundedAt": "2026-11-23T00:00:00Z",
    }
    return notice("payment.refunded", delivery or f"msg_{named}", **{**data, **more})


def stripe(event: dict[str, Any], *, at: float | None = None) -> Any:
    """A webhook signed as Stripe signs."""
    body, seconds = json.dumps(event).encode(), str(int(time.time() if at is None else at))
    mac = hmac.digest(WEBHOOK_SECRET.encode(), f"{seconds}.".encode() + body, "sha256").hex()
    return post_webhook(body, {"stripe-signature": f"t={seconds},v1={mac}"}, provider="stripe")


def told(answer: dict[str, Any]) -> Answer:
    """Status and body of a proxy response."""
    return answer["statusCode"], json.loads(answer["body"])


def state(empty: Released) -> tuple[str, int]:
    """Status and version of the one invoice."""
    [(status, version)] = empty.query("SELECT status, version FROM invoices.invoices")
    return str(status), int(version)
