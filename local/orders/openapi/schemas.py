"""The schemas of the description, from the models of its bodies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orders.openapi.models import (
    CreateOrderRequest,
    Health,
    Invoice,
    InvoiceWithPayments,
    Nothing,
    Order,
    Orders,
    Problem,
    Rejection,
    Webhook,
    WebhookOutcome,
)

BODIES: tuple[type[BaseModel], ...] = (
    CreateOrderRequest,
    Order,
    Orders,
    Invoice,
    InvoiceWithPayments,
    Nothing,
    Webhook,
    WebhookOutcome,
    Health,
    Problem,
    Rejection,
)
REFERENCE = "#/components/schemas/{model}"


def schemas() -> dict[str, Any]:
    """`components/schemas`: the bodies, and every part of them that has a name."""
    _, found = models_json_schema([(body, "validation") for body in BODIES], ref_template=REFERENCE)
    named: dict[str, Any] = found["$defs"]
    return named


def ref(body: type[BaseModel]) -> dict[str, str]:
    """A reference to a schema of the description."""
    return {"$ref": REFERENCE.format(model=body.__name__)}
