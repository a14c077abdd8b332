"""Kong's event (payload 1.0, `awsgateway_compatible`) read as the command, and the answer to an accepted order.

Header names are lower-case in the event, the body is always base64.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from contracts.errors import MethodNotAllowedError, UnsupportedMediaTypeError
from contracts.http import JSON, authenticated_customer, response
from contracts.idempotency import idempotency_key
from contracts.orders import CreateOrderRequest
from create_order.orders import Accepted, CreateOrder
from tracing.trace_context import trace_headers

# Of the path: another function answers the first two.
ALLOWED = ("GET", "HEAD", "POST")


def parse(event: Mapping[str, Any]) -> CreateOrder:
    """Return the command. Raises the OrdersError that says what is wrong with the request."""
    if event["httpMethod"] != "POST":
        raise MethodNotAllowedError(event["httpMethod"], ALLOWED)
    headers = event["headers"]
    customer_id = authenticated_customer(headers)
    _require_json(headers.get("content-type", ""))
    return CreateOrder(
        customer_id=customer_id,
        request=_body(event),
        idempotency_key=idempotency_key(event),
        trace_headers=trace_headers(headers),
    )


def created(accepted: Accepted) -> dict[str, Any]:
    """The proxy response: 201 with the order; a header says that it is an earlier answer."""
    headers = {"Location": f"/orders/{accepted.order_id}"}
    if accepted.is_replay:
        headers["Idempotent-Replayed"] = "true"
    return response(201, accepted.response_body, headers=headers)


def _require_json(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaTypeError


def _body(event: Mapping[str, Any]) -> CreateOrderRequest:
    body = event.get("body") or ""
    return CreateOrderRequest.from_body(base64.b64decode(body) if event["isBase64Encoded"] else body.encode())
