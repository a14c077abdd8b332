"""The schemas of the description: those that validate what comes in, translated, beside those of what goes out."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from contracts import fields, http_schemas, orders

ID_EXAMPLE = "0198f8a0-0000-7000-8000-000000000001"

DESCRIPTIONS = {
    "Amount": "In minor units of the currency: 1999 is R$ 19.99.",
    "Currency": "An active ISO 4217 code.",
    "CustomerId": "Whom the gateway knows by the API key.",
}


def schemas() -> dict[str, Any]:
    """`components/schemas`."""
    named = {
        name: {**translated(schema), "description": DESCRIPTIONS[name]}
        for name, schema in (
            ("Amount", fields.AMOUNT),
            ("Currency", fields.CURRENCY),
            ("CustomerId", fields.CUSTOMER_ID),
        )
    }
    return {
        **named,
        "CreateOrderRequest": _request(),
        "Order": http_schemas.ORDER,
        "Invoice": http_schemas.INVOICE,
        "Health": http_schemas.HEALTH,
        "Problem": http_schemas.PROBLEM,
        "Rejection": http_schemas.REJECTION,
    }


def translated(schema: Any) -> dict[str, Any]:
    """The JSON Schema of a pydantic-core schema, without the titles that it makes up."""
    found: dict[str, Any] = GenerateJsonSchema(ref_template=f"{http_schemas.SCHEMAS}/{{model}}").generate(schema)
    for each in (found, *found.get("properties", {}).values()):
        each.pop("title", None)
    return found


def _request() -> dict[str, Any]:
    request = translated(orders.CREATE_ORDER_SCHEMA)
    for name, schema in (("Amount", fields.AMOUNT), ("Currency", fields.CURRENCY)):
        field = request["properties"][name.lower()]
        own = {key: value for key, value in field.items() if (key, value) not in translated(schema).items()}
        request["properties"][name.lower()] = {**http_schemas.ref(name), **own}
    return request
