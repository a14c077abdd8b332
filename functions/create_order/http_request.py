"""Read the command out of Kong's event (payload 1.0, `awsgateway_compatible`): who orders what, under which key.

Header names are lower-case there, the body is always base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from contracts.http import JSON, Problem, authenticated_customer, method_not_allowed
from contracts.orders import CreateOrderRequest, InvalidOrderError, NotJsonError
from create_order.orders import CreateOrder
from tracing import parse as parse_trace_context

IDEMPOTENCY_KEY_MAX = 255
# RFC 8941 string: quoted, with backslash escapes. Most clients send the bare value.
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_VISIBLE = re.compile(r"[\x20-\x7e]+")


def parse(event: Mapping[str, Any]) -> CreateOrder:
    """Return the command. Raises Problem with the status that the client gets."""
    if event["httpMethod"] != "POST":
        raise method_not_allowed(event["httpMethod"], "POST")
    headers = event["headers"]
    customer_id = authenticated_customer(headers)
    _require_json(headers.get("content-type", ""))
    return CreateOrder(
        customer_id=customer_id,
        request=_body(event),
        idempotency_key=_idempotency_key(headers.get("idempotency-key")),
        trace_headers=_trace_headers(headers),
    )


def _require_json(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != JSON:
        detail = f"Send the order as {JSON}."
        raise Problem(415, "unsupported-media-type", title="Unsupported media type", detail=detail)


def _body(event: Mapping[str, Any]) -> CreateOrderRequest:
    body = event.get("body") or ""
    try:
        return CreateOrderRequest.from_body(base64.b64decode(body) if event["isBase64Encoded"] else body.encode())
    except NotJsonError as error:
        raise Problem(400, "not-json", title="Not JSON", detail=f"The body cannot be read as JSON: {error}.") from None
    except InvalidOrderError as error:
        detail = "The body breaks a rule; see errors."
        raise Problem(422, "invalid-order", title="Invalid order", detail=detail, errors=error.errors) from None


def _idempotency_key(value: str | None) -> str | None:
    if value is None:
        return None
    value = value.strip()
    quoted = _QUOTED.fullmatch(value)
    key = re.sub(r"\\(.)", r"\1", quoted.group(1)) if quoted else value
    if not key or len(key) > IDEMPOTENCY_KEY_MAX or not _VISIBLE.fullmatch(key):
        detail = f"Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters, quoted or bare."
        raise Problem(400, "invalid-idempotency-key", title="Invalid Idempotency-Key", detail=detail)
    return key


def _trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The W3C trace context that goes on with the event; a malformed one is as good as none."""
    context = parse_trace_context(headers)
    return {} if context is None else context.headers()
