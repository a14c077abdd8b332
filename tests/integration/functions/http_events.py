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
