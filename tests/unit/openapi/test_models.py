"""The models of the description and the functions' own validators: neither accepts a body that the other refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from tests.generated import BOUNDED, amounts, currencies, customers, json_values, moments

from contracts.errors import InvalidOrderError, NotJsonError
from contracts.http import problem
from contracts.orders import CreateOrderRequest, Invoice, Order
from orders.openapi import models
from orders.openapi.operations import ORDER_EXAMPLE

NOT_JSON = problem(NotJsonError("The body cannot be read as JSON."))
# Cheap: half a second for all of them.
THOROUGH = settings(BOUNDED, max_examples=500)
invoices = st.builds(
    Invoice,
    invoice_id=st.uuids(),
    number=st.integers(1),
    status=st.sampled_from(["issued", "paid", "canceled"]),
    amount=amounts,
    currency=currencies,
    issued_at=moments,
    due_at=moments,
)
orders = st.builds(
    Order,
    order_id=st.uuids(),
    customer_id=customers,
    amount=amounts,
    currency=currencies,
    status=st.sampled_from(["pending", "paid", "canceled"]),
    created_at=moments,
    invoice=st.none() | invoices,
)

# Members of an object as text: JSON has more ways to write a number or a name than any serializer uses.
whole = ["0", "1", "-0", "-1", "01", "999999999999", "1000000000000", "1000000000001", "9223372036854775808", "7" * 25]
fractions = ["1.0", "1e0", "1E3", "0.5", "1e400", "NaN", "Infinity"]
amount_texts = st.sampled_from([*whole, *fractions, "true", "null", '"1"', "[1]", "{}"])
currency_texts = st.sampled_from(['"BRL"', '"USD"', '"brl"', '"XTS"', '"BRL "', '""', '"\\u0042RL"', '"\\ud800"'])
members = st.one_of(
    st.tuples(st.sampled_from(['"amount"', '"\\u0061mount"', '"Amount"']), amount_texts | amounts.map(str)),
    st.tuples(st.just('"currency"'), currency_texts | currencies.map(json.dumps) | amount_texts),
    st.tuples(st.text(max_size=4).map(json.dumps), json_values.map(json.dumps) | amount_texts),
)
objects = st.lists(members.map(":".join), max_size=4).map(lambda found: "{" + ",".join(found) + "}")
bodies = st.one_of(
    objects.map(str.encode),
    st.tuples(objects, st.binary(max_size=2), st.integers(0, 30)).map(
        lambda parts: (text := parts[0].encode())[: parts[2]] + parts[1] + text[parts[2] :]
    ),
    json_values.map(lambda value: json.dumps(value).encode()),
)


def as_understood_by_the_function(body: bytes) -> tuple[int, str] | None:
    try:
        request = CreateOrderRequest.from_body(body)
    except (InvalidOrderError, NotJsonError):
        return None
    return request.amount, request.currency


def as_understood_by_the_model(body: bytes) -> tuple[int, str] | None:
    try:
        # NaN is not JSON, although pydantic's own reader passes it over where the last of two equal names counts.
        request = models.CreateOrderRequest.model_validate(from_json(body, allow_inf_nan=False))
    except ValueError:  # not JSON, or a ValidationError
        return None
    return request.amount, request.currency


@THOROUGH
@given(bodies)
@example(b'{"amount":1}')
@example(b'{"amount":1.0}')
@example(b'{"amount":0}')
@example(b'{"amount":1000000000000,"currency":"USD"}')
@example(b'{"amount":1000000000001}')
@example(b'{"amount":"1"}')
@example(b'{"amount":true}')
@example(b'{"amount":1,"currency":"XTS"}')
@example(b'{"amount":1,"currency":null}')
@example(b'{"amount":1,"note":NaN}')
@example(b'{"amount":0,"amount":1}')
@example(b'{"amount":1,"amount":0}')
def test_model_and_function_understand_a_request_alike(body: bytes) -> None:
    assert as_understood_by_the_model(body) == as_understood_by_the_function(body)


@BOUNDED
@given(orders)
def test_an_order_is_answered_with_exactly_the_models_fields(order: Order) -> None:
    body = json.dumps(order.to_body())
    assert json.loads(models.Order.model_validate_json(body).model_dump_json(by_alias=True)) == json.loads(body)


@pytest.mark.parametrize(
    "change",
    [
        {"orderId": "1"},
        {"customer": {"id": "a\x00"}},
        {"amount": 1.0},
        {"currency": "XTS"},
        {"status": "issued"},
        {"createdAt": "2026-11-22T13:42:18Z"},
        {"createdAt": "2026-02-30T13:42:18.184Z"},
        {"invoice": {}},
    ],
)
def test_another_order_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        models.Order.model_validate_json(json.dumps({**ORDER_EXAMPLE, **change}))
    assert {error["loc"][0] for error in raised.value.errors()} == change.keys()


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (models.Health, {"status": "down"}),
        (models.Health, {"status": "degraded"}),
        (models.Problem, {"type": "about:blank", "title": "", "status": 400, "detail": ""}),
        (models.Problem, {**NOT_JSON, "status": 200}),
        (models.Problem, {**NOT_JSON, "errors": []}),
        (models.Problem, {**NOT_JSON, "errors": None}),
        (models.Rejection, {"message": "", "error": None}),
    ],
)
def test_another_answer_is_refused(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps(body))
