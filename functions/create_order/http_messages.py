"""Kong's event (payload 1.0, `awsgateway_compatible`) read as the command, and the answer to an accepted order.

Header names are lower-case in the event, the body is always base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import InvalidIdempotencyKeyError, MethodNotAllowedError, UnsupportedMediaTypeError
from contracts.http import JSON, authenticated_customer, response
from contracts.orders import CreateOrderRequest
from create_order.orders import Accepted, CreateOrder
from tracing import parse as parse_trace_context

IDEMPOTENCY_KEY_MAX = 255
# RFC 8941, 3.3: one item, of which parameters are no part. Most clients send a bare value, a UUID for example, which
# need not be a token; what would end an item or begin a parameter is in a string only.
_PARAMETERS = r'(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[^"\\]|\\["\\])*"|[^\s";,]+))?)*'
_STRING = re.compile(r'"((?:[\x20-!#-\[\]-~]|\\["\\])+)"' + _PARAMETERS)
_BARE = re.compile(r"([!#-+\--:<-~](?:[\x20-+\--:<-~]*[!-+\--:<-~])?)" + _PARAMETERS)


def parse(event: Mapping[str, Any]) -> CreateOrder:
    """Return the command. Raises the OrdersError that says what is wrong with the request."""
    if event["httpMethod"] != "POST":
        raise MethodNotAllowedError(event["httpMethod"], ["POST"])
    headers = event["headers"]
    customer_id = authenticated_customer(headers)
    _require_json(headers.get("content-type", ""))
    return CreateOrder(
        customer_id=customer_id,
        request=_body(event),
        idempotency_key=_idempotency_key(_lines(event, "idempotency-key")),
        trace_headers=_trace_headers(headers),
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


def _lines(event: Mapping[str, Any], name: str) -> list[str]:
    """Every line that the request has of a header; `headers` holds the first."""
    value = event["headers"].get(name)
    return [] if value is None else (event.get("multiValueHeaders") or {}).get(name) or [value]


def _idempotency_key(lines: Sequence[str]) -> str | None:
    """One key or none: of two it would be anybody's guess which one a proxy keeps, and how, at the next attempt."""
    if not lines:
        return None
    value = lines[0].strip()
    string = _STRING.fullmatch(value)
    item = string or _BARE.fullmatch(value)
    key = item.group(1) if item else ""
    if string:
        key = re.sub(r"\\(.)", r"\1", key)
    if len(lines) > 1 or not 0 < len(key) <= IDEMPOTENCY_KEY_MAX:
        raise InvalidIdempotencyKeyError
    return key


def _trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The W3C trace context that goes on with the event; a malformed one is as good as none."""
    context = parse_trace_context(headers)
    return {} if context is None else context.headers()
