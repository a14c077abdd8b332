"""Kong's events for the tests: the golden one, varied."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

GOLDEN = json.loads((Path(__file__).parents[2] / "events" / "kong_create_order.json").read_text())


def post_order(
    body: bytes | dict[str, Any] | None = None,
    *,
    customer: str | None = "demo",
    key: str | None = None,
    content_type: str | None = "application/json",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """`POST /orders` as Kong passes it on."""
    event: dict[str, Any] = copy.deepcopy(GOLDEN)
    raw = body if isinstance(body, bytes) else json.dumps(body or {"amount": 1999, "currency": "BRL"}).encode()
    event["body"] = base64.b64encode(raw).decode()
    event["httpMethod"] = method
    given = {"x-consumer-custom-id": customer, "content-type": content_type, "idempotency-key": key, **(headers or {})}
    event["headers"] = {name: value for name, value in {**event["headers"], **given}.items() if value is not None}
    return event


def get(path: str, *, customer: str | None = "demo", method: str = "GET") -> dict[str, Any]:
    """`GET /orders/{id}` or `GET /health` as Kong passes it on."""
    event = post_order(b"", customer=customer, method=method, content_type=None)
    event["path"] = path
    event["pathParameters"] = {"order_id": path.rpartition("/")[2]} if path.startswith("/orders/") else {}
    return event


def read(path: str, *, query: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """`GET /orders?…` or `GET /invoices/{id}` as Kong passes it on."""
    event = get(path, **options)
    event["queryStringParameters"] = query or {}
    event["multiValueQueryStringParameters"] = {name: [value] for name, value in (query or {}).items()}
    if path.startswith("/invoices/"):
        event["pathParameters"] = {"invoice_id": path.rpartition("/")[2]}
    return event


def cancel(order_id: str, *, body: bytes = b"", **options: Any) -> dict[str, Any]:
    """`POST /orders/{id}/cancel` as Kong passes it on."""
    event = post_order(body, **options)
    event["body"] = base64.b64encode(body).decode()
    event["path"] = f"/orders/{order_id}/cancel"
    event["pathParameters"] = {"order_id": order_id}
    return event


def post_webhook(body: bytes, headers: dict[str, str], *, provider: str | None = None) -> dict[str, Any]:
    """`POST /webhooks/payments` as Kong passes it on."""
    event = post_order(body, customer=None, headers=headers)
    event["body"] = base64.b64encode(body).decode()
    event["path"] = "/webhooks/payments" + (f"/{provider}" if provider else "")
    event["pathParameters"] = {"provider": provider} if provider else {}
    return event
