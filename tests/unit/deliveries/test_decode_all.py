"""The quick way for a whole batch and the way for one message: the same events, or none at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generated import BOUNDED, amounts, currencies, customers, json_values, moments

from contracts.events import OrderCreated
from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CANCELED_TYPE, ORDER_CREATED_QUEUE, ORDER_CREATED_TYPE
from deliveries.batches import Batch, sort_out
from deliveries.event import Delivery
from invoice_consumer.invoices import decode, decode_all

THOROUGH = settings(BOUNDED, max_examples=200)
orders = st.builds(
    OrderCreated, order_id=st.uuids(), customer_id=customers, amount=amounts, currency=currencies, created_at=moments
)
FIELDS = ("orderId", "amount", "currency", "customer", "createdAt")
ODD = [
    *("0", "1", "1.0", "1e3", "-1", "01", "1000000000000", "1000000000001", str(2**63), "7" * 5000),
    *("NaN", "Infinity"),
    "true",
    "null",
    '"1"',
    '"BRL"',
    '"XXX"',
    '"\\u0000"',
    '"\\ud800"',
    '"é\U0001f9fe"',
    '{"id": "demo"}',
    '{"id": "a\\u007fb"}',
    '{"id": "demo", "id": ""}',
    '{"id": ["demo"]}',
    '"2026-02-30T00:00:00Z"',
    '"2026-11-22T13:42:18"',
    '"2026-11-22T13:42:18.184+25:00"',
    '"2026-11-22 13:42:18.184Z"',
    "1795352805",
    '"0198F8A0-0000-7000-8000-000000000001"',
    '"{0198f8a0-0000-7000-8000-000000000001}"',
    '"0198f8a0000070008000000000000001"',
    "[" * 300 + "]" * 300,
]


def members(order: OrderCreated) -> list[tuple[str, str]]:
    return [(name, json.dumps(value)) for name, value in json.loads(order.to_json()).items()]


def document(of: list[tuple[str, str]], gap: str = "") -> bytes:
    return ("{" + ",".join(f"{gap}{json.dumps(name)}:{gap}{text}" for name, text in of) + gap + "}").encode()


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """An order as it is written, or with members changed, doubled, missing, unknown, in another order; or cut."""
    of = members(draw(orders))
    texts = st.sampled_from(ODD) | json_values.map(json.dumps)
    for change in draw(st.lists(st.sampled_from(["change", "double", "drop", "unknown", "shuffle"]), max_size=2)):
        if change == "change" and of:
            at = draw(st.integers(0, len(of) - 1))
            of[at] = (of[at][0], draw(texts))
        elif change == "double":
            of.append((draw(st.sampled_from(FIELDS)), draw(texts)))
        elif change == "drop" and of:
            of.pop(draw(st.integers(0, len(of) - 1)))
        elif change == "unknown":
            of.append((draw(st.text(max_size=5)), draw(texts)))
        else:
            of = draw(st.permutations(of))
    body = document(of, draw(st.sampled_from(["", " ", "\n\t", "\x00", "\ufeff"])))
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=3)) + body[at + draw(st.integers(0, 2)) :]
    return body


def delivery(body: bytes, **changes: Any) -> Delivery:
    fields = {"queue": ORDER_CREATED_QUEUE, "type": ORDER_CREATED_TYPE, **changes}
    return Delivery(fields["queue"], body, {"type": fields["type"]}, is_redelivered=False)


def outcome(batch: Batch[Any]) -> tuple[list[Any], list[tuple[Delivery, str]]]:
    return batch.events, [(rejection.delivery, rejection.reason) for rejection in batch.rejections]


@THOROUGH
@given(bodies())
def test_one_message_is_accepted_by_both_or_by_neither(body: bytes) -> None:
    [one] = [delivery(body)]
    one_by_one = sort_out([one], decode)
    try:
        events = decode_all([one])
    except Exception:
        assert one_by_one.rejections
    else:
        assert [(events[0], one)] == one_by_one.events


@THOROUGH
@given(st.lists(bodies(), min_size=1, max_size=6))
def test_a_batch_comes_to_the_same_events_and_the_same_reasons(of: list[bytes]) -> None:
    """Also where one body begins what another ends: none is looked at together with its neighbours."""
    batch = [delivery(body) for body in of]
    assert outcome(sort_out(batch, decode, decode_all)) == outcome(sort_out(batch, decode))


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", FIELDS)
def test_an_odd_value_is_taken_or_refused_by_both(name: str, text: str) -> None:
    order = {
        "orderId": '"0198f8a0-0000-7000-8000-000000000001"',
        "amount": "1999",
        "currency": '"BRL"',
        "customer": '{"id":"demo"}',
        "createdAt": '"2026-11-22T13:42:18.184Z"',
    }
    good, odd = delivery(document([*order.items()])), delivery(document([*{**order, name: text}.items()]))
    batch = [good, odd, good]
    assert outcome(sort_out(batch, decode, decode_all)) == outcome(sort_out(batch, decode))


def test_halves_of_an_order_make_no_order_together() -> None:
    whole = document([("orderId", '"0198f8a0-0000-7000-8000-000000000001"'), ("amount", "1")])
    for at in range(1, len(whole)):
        batch = [delivery(whole[:at]), delivery(whole[at:])]
        assert len(sort_out(batch, decode, decode_all).rejections) == 2


@pytest.mark.parametrize("changes", [{"queue": DEAD_LETTER_QUEUE}, {"type": ORDER_CANCELED_TYPE}, {"type": None}])
@given(order=orders)
@BOUNDED
def test_what_is_of_another_kind_is_never_taken_for_a_new_order(changes: dict[str, Any], order: OrderCreated) -> None:
    batch = [delivery(order.to_json()), delivery(order.to_json(), **changes)]
    with pytest.raises(ValueError, match="not a new order"):
        decode_all(batch)
    assert outcome(sort_out(batch, decode, decode_all)) == outcome(sort_out(batch, decode))


@BOUNDED
@given(st.lists(orders, max_size=5))
def test_orders_as_they_are_published_go_the_quick_way(written: list[OrderCreated]) -> None:
    assert decode_all([delivery(order.to_json()) for order in written]) == written
