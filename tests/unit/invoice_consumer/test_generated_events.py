"""Any event of the shape that AWS documents, with any bytes and properties: nothing raises, none harms another."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, json_values

from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_QUEUE, ORDER_CREATED_TYPE
from invoice_consumer.invoices import sort_out
from invoice_consumer.rabbitmq_event import deliveries

# Lone surrogates included: JSON can carry them, UTF-8 cannot.
any_text = st.text(st.characters(exclude_categories=()), max_size=10)
# An AMQP string comes as {"bytes": [...]} of signed bytes; nothing keeps a header from looking nearly so.
long_strings = st.fixed_dictionaries({"bytes": st.lists(st.integers(-128, 255), max_size=5)})
values = st.none() | st.booleans() | st.integers() | any_text | long_strings | json_values
properties = st.fixed_dictionaries(
    {"bodySize": st.integers(0), "type": st.just(ORDER_CREATED_TYPE) | values, "messageId": values},
    optional={
        "headers": st.dictionaries(any_text | st.just("x-first-death-reason"), values, max_size=3) | values,
        "contentType": values,
        "timestamp": values,
    },
)
BODY: dict[str, Any] = {
    "orderId": "0198f8a0-0000-7000-8000-000000000001",
    "amount": 1999,
    "currency": "BRL",
    "customer": {"id": "demo"},
    "createdAt": "2026-11-22T13:42:18.184Z",
}
almost_orders = st.dictionaries(st.sampled_from(sorted(BODY)), json_values, min_size=1, max_size=2).map(
    lambda change: json.dumps({**BODY, **change}).encode()
)


def message(body: bytes, basic_properties: dict[str, Any], *, redelivered: bool = False) -> dict[str, Any]:
    data = base64.b64encode(body).decode()
    return {"basicProperties": basic_properties, "redelivered": redelivered, "data": data}


def good(number: int) -> dict[str, Any]:
    order_id = f"0198f8a0-0000-7000-8000-{number:012d}"
    return message(json.dumps({**BODY, "orderId": order_id}).encode(), {"type": ORDER_CREATED_TYPE, "bodySize": 1})


any_messages = st.builds(message, st.binary(max_size=50) | almost_orders, properties, redelivered=st.booleans())
queues = st.sampled_from([ORDER_CREATED_QUEUE, DEAD_LETTER_QUEUE]) | any_text


@BOUNDED
@given(st.dictionaries(queues.map(lambda queue: f"{queue}::/"), st.lists(any_messages, max_size=4), max_size=3))
def test_every_message_becomes_an_order_or_a_rejection(messages: dict[str, Any]) -> None:
    found = list(deliveries(json.loads(json.dumps({"rmqMessagesByQueue": messages}))))
    batch = sort_out(found)

    assert len(found) == sum(map(len, messages.values()))
    assert len(batch.orders) + len(batch.rejections) == len(found)
    assert all(rejection.reason for rejection in batch.rejections)
    assert all(rejection.reason.encode().count(0) == 0 for rejection in batch.rejections)
    assert all(len(delivery.fingerprint()) == 32 for delivery in found)


@BOUNDED
@given(st.lists(any_messages, max_size=5))
def test_a_bad_message_harms_no_neighbour(bad: list[dict[str, Any]]) -> None:
    mixed = [each for number, one in enumerate(bad) for each in (good(number), one)] + [good(len(bad))]
    event = {"rmqMessagesByQueue": {f"{ORDER_CREATED_QUEUE}::/": mixed}}
    invoiced = [delivery.body for _, delivery in sort_out(deliveries(event)).orders]

    assert [body for body in invoiced if body in {base64.b64decode(good(n)["data"]) for n in range(len(bad) + 1)}] == [
        base64.b64decode(good(number)["data"]) for number in range(len(bad) + 1)
    ]
