"""What the HTTP bodies that go out look like, as JSON Schemas: for the OpenAPI description and the tests.

No function imports this: `Order.to_body` and its like build the answers, and tests hold them to this. The body that
comes in is described by `contracts.orders.CREATE_ORDER_SCHEMA`, which is what validates it.
"""

from typing import Any

SCHEMAS = "#/components/schemas"
# RFC 3339 in UTC with milliseconds: what `format_timestamp` writes.
TIMESTAMP: dict[str, Any] = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
}
ID: dict[str, Any] = {"type": "string", "format": "uuid"}


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the description."""
    return {"$ref": f"{SCHEMAS}/{name}"}


def _object(properties: dict[str, Any], *, optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


INVOICE = _object(
    {
        "invoiceId": ID,
        "number": {"type": "integer", "minimum": 1, "description": "Gapless: 1, 2, 3, …"},
        "status": {"type": "string", "enum": ["issued", "paid", "canceled"]},
        "amount": ref("Amount"),
        "currency": ref("Currency"),
        "issuedAt": TIMESTAMP,
        "dueAt": TIMESTAMP,
    }
)
ORDER = _object(
    {
        "orderId": ID,
        "customer": _object({"id": ref("CustomerId")}),
        "amount": ref("Amount"),
        "currency": ref("Currency"),
        "status": {"type": "string", "enum": ["pending", "paid", "canceled"]},
        "createdAt": TIMESTAMP,
        "invoice": {
            "description": "`null` until the invoice is issued, seconds after the order.",
            "oneOf": [ref("Invoice"), {"type": "null"}],
        },
    }
)
HEALTH: dict[str, Any] = {
    "description": "`degraded`: the broker is down, orders are accepted all the same and invoiced when it is back.",
    "oneOf": [
        _object({"status": {"const": "ok"}}),
        _object({"status": {"const": "degraded"}, "broker": {"const": "down"}}),
    ],
}
PROBLEM = _object(
    {
        "type": {"type": "string", "format": "uri", "pattern": "^urn:serverless-orders:problem:[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "description": "What is wrong with an invalid body, at most 20 places.",
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "pointer": {
                        "type": "string",
                        "description": "Where: a JSON pointer (RFC 6901), empty for the whole.",
                    },
                    "detail": {"type": "string"},
                }
            ),
        },
    },
    optional=frozenset({"errors"}),
)
# Kong's own form for what never reaches a function; its Lambda plugin has `error` in place of the id.
REJECTION = _object(
    {name: {"type": "string"} for name in ("message", "request_id", "error")},
    optional=frozenset({"request_id", "error"}),
)
