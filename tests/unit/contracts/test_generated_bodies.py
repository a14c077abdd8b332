"""Properties of the contracts, with generated input: what they never do, for any input."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, amounts, currencies, customers, json_values, moments

from contracts.errors import InvalidOrderError, NotJsonError
from contracts.events import InvalidEventError, OrderCreated
from contracts.fields import AMOUNT_MAX, CURRENCIES
from contracts.http import problem_response
from contracts.orders import CreateOrderRequest

events = st.builds(
    OrderCreated, order_id=st.uuids(), customer_id=customers, amount=amounts, currency=currencies, created_at=moments
)
# Bytes, JSON, JSON with something wrong in the middle, and numbers that no parser likes.
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.tuples(json_values, st.binary(max_size=3), st.integers(0, 40)).map(
        lambda parts: (text := json.dumps(parts[0]).encode())[: parts[2]] + parts[1] + text[parts[2] :]
    ),
    st.integers(4_000, 6_000).map(lambda digits: b'{"amount": %s}' % (b"7" * digits)),
)


@BOUNDED
@given(amount=amounts, currency=st.none() | currencies)
def test_every_order_within_the_rules_is_understood(amount: int, currency: str | None) -> None:
    body: dict[str, Any] = {"amount": amount} if currency is None else {"amount": amount, "currency": currency}
    request = CreateOrderRequest.from_body(json.dumps(body).encode())
    assert (request.amount, request.currency) == (amount, currency or "BRL")


@BOUNDED
@given(bodies)
def test_a_body_is_an_order_or_one_of_two_errors(body: bytes) -> None:
    try:
        request = CreateOrderRequest.from_body(body)
    except (NotJsonError, InvalidOrderError) as error:
        answer = problem_response(error)["body"].encode()  # which a lone surrogate would not let pass
    else:
        answer = b""
        assert 1 <= request.amount <= AMOUNT_MAX
        assert request.currency in CURRENCIES
    assert len(answer) < 10_000


@BOUNDED
@given(events)
def test_every_event_survives_the_journey(event: OrderCreated) -> None:
    assert OrderCreated.from_json(event.to_json()) == event


@BOUNDED
@given(bodies)
def test_a_message_is_an_event_or_one_error(body: bytes) -> None:
    try:
        event = OrderCreated.from_json(body)
    except InvalidEventError as error:
        str(error).encode()
    else:
        assert OrderCreated.from_json(event.to_json()) == event
