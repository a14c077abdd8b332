"""The OpenAPI description: current, sound, and saying what the contracts and the functions do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, json_values

from contracts import openapi
from contracts.errors import InvalidOrderError
from contracts.fields import CURRENCIES
from contracts.http import PROBLEM_TYPES
from contracts.orders import CreateOrderRequest, Invoice, Order
from orders.openapi.document import document, text

ID = UUID("0198f8a0-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 11, 22, 13, 42, 18, 184000, tzinfo=UTC)
DOCUMENT = document()


@cache
def validator(name: str) -> Any:
    """A validator of one of the description's schemas, formats included."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def order(invoice: Invoice | None = None) -> dict[str, Any]:
    body = Order(
        order_id=ID, customer_id="demo", amount=1, currency="BRL", status="pending", created_at=MOMENT, invoice=invoice
    ).to_body()
    return dict(body)


def invoice() -> Invoice:
    return Invoice(invoice_id=ID, number=7, status="issued", amount=1, currency="BRL", issued_at=MOMENT, due_at=MOMENT)


def media_types(node: Any) -> Iterator[dict[str, Any]]:
    """Every `{"schema", "examples"}` in the description."""
    if isinstance(node, dict):
        if "examples" in node and "schema" in node:
            yield node
        for each in node.values():
            yield from media_types(each)


def test_the_stored_description_is_the_contracts() -> None:
    assert openapi.document() == text(), "run `make openapi`"


def test_every_reference_leads_somewhere() -> None:
    names = re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text())
    assert set(names) | {"Health"} == set(DOCUMENT["components"]["schemas"])
    assert text().count('"$ref"') == len(names)


def test_every_example_is_valid() -> None:
    checked = 0
    for media_type in media_types(DOCUMENT["paths"]):
        for example in media_type["examples"].values():
            validator(media_type["schema"]["$ref"].rpartition("/")[2]).validate(example["value"])
            checked += 1
    assert checked > 20


def test_bodies_have_exactly_the_described_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for body in (order(), order(invoice())):
        validator("Order").validate(body)
        assert list(body) == schemas["Order"]["required"] == list(schemas["Order"]["properties"])
    assert list(invoice().to_body()) == schemas["Invoice"]["required"] == list(schemas["Invoice"]["properties"])


@pytest.mark.parametrize("change", [{"createdAt": "2026-11-22T13:42:18Z"}, {"status": "new"}, {"invoice": {}}])
def test_another_body_is_not_what_is_described(change: dict[str, Any]) -> None:
    assert not validator("Order").is_valid({**order(), **change})


def test_every_problem_is_described_under_its_status() -> None:
    described = {
        (int(status), code)
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    # A method that is not described has no place in the description.
    assert described == {(type_.status, code) for code, type_ in PROBLEM_TYPES.items() if code != "method-not-allowed"}


def accepts(body: Any) -> bool:
    try:
        CreateOrderRequest.from_body(json.dumps(body).encode())
    except InvalidOrderError:
        return False
    return True


def has_whole_float(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


almost_orders = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.integers(-1, 3) | st.sampled_from([10**12, 10**12 + 1]) | json_values,
        "currency": st.sampled_from(sorted(CURRENCIES)) | st.sampled_from(["brl", "XTS", "", "BRL "]) | json_values,
        "note": json_values,
    },
)


@BOUNDED
@given(almost_orders | json_values)
def test_what_the_description_allows_is_what_is_accepted(body: Any) -> None:
    # The one difference: to JSON Schema 1.0 is an integer, to us it is not.
    if isinstance(body, dict) and has_whole_float(body.get("amount")):
        return
    assert validator("CreateOrderRequest").is_valid(body) == accepts(body)
