"""The whole description, and its text as it is stored."""

from __future__ import annotations

import json
from typing import Any

from orders.openapi.life import cancel_order, get_invoice, list_orders, record_payment, record_payment_of
from orders.openapi.operations import create_order, get_health, get_openapi, get_order
from orders.openapi.schemas import schemas

# Of the API, not of the project: it changes with what a client can see.
VERSION = "1.1.0"
DESCRIPTION = """\
Orders in, invoices out. An order is answered `201` as soon as it is stored; its invoice follows within seconds, or when
a part that is down is up again. It is paid when its invoice is, and can be canceled until then.

Times are RFC 3339 in UTC with milliseconds and `Z`. Amounts are integers in minor units. Errors are
`application/problem+json` (RFC 9457); what the gateway refuses by itself has the gateway's form. `HEAD` works where
`GET` does; any other method that is not described here is answered `405` with `Allow`.
"""


def document() -> dict[str, Any]:
    """The description as an object."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "serverless-orders",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The gateway that serves this description."}],
        "security": [{"apikey": []}],
        "paths": {
            "/orders": {"post": create_order(), "get": list_orders()},
            "/orders/{orderId}": {"get": get_order()},
            "/orders/{orderId}/cancel": {"post": cancel_order()},
            "/invoices/{invoiceId}": {"get": get_invoice()},
            "/webhooks/payments": {"post": record_payment()},
            "/webhooks/payments/{provider}": {"post": record_payment_of()},
            "/health": {"get": get_health()},
            "/openapi.json": {"get": get_openapi()},
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "apikey": {"type": "apiKey", "in": "header", "name": "apikey", "description": "One per customer."}
            },
        },
    }


def text() -> str:
    """The description as it is stored and served."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
