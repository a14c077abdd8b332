"""Kong's event (payload 1.0, `awsgateway_compatible`) read as the command, and the answer to it.

There is nothing to say beside the path: the body is empty, or an object without fields.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cancel_order.cancellations import Canceled, CancelOrder
from contracts.errors import (
    InvalidOrderError,
    MethodNotAllowedError,
    OrderNotFoundError,
    UnsupportedMediaTypeError,
)
from contracts.fields import parse_id
from contracts.http import JSON, authenticated_customer, response
from contracts.idempotency import idempotency_key
from contracts.orders import parse_json
from tracing.trace_context import trace_headers


def parse(event: Mapping[str, Any]) -> CancelOrder:
    """Return the command. Raises the OrdersError that says what is wrong with the request."""
    if event["httpMethod"] != "POST":
        raise MethodNotAllowedError(event["httpMethod"], ["POST"])
    headers = event["headers"]
    customer_id = authenticated_customer(headers)
    _require_nothing(event)
    key = idempotency_key(event)
    order_id = parse_id(event["pathParameters"]["order_id"])
    if order_id is None:
        raise OrderNotFoundError
    return CancelOrder(
        order_id=order_id, customer_id=customer_id, idempotency_key=key, trace_headers=trace_headers(headers)
    )


def answered(canceled: Canceled) -> dict[str, Any]:
    """The proxy response: 200 with the order; a header says that it is an earlier answer."""
    headers = {"Idempotent-Replayed": "true"} if canceled.is_replay else {}
    return response(200, canceled.response_body, headers=headers)


def _require_nothing(event: Mapping[str, Any]) -> None:
    text = event.get("body") or ""
    body = base64.b64decode(text) if event["isBase64Encoded"] else text.encode()
    if not body.strip():
        return
    if event["headers"].get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaTypeError
    if parse_json(body) != {}:
        raise InvalidOrderError([{"pointer": "", "detail": "Input should be an object without fields, or nothing"}])
