"""Any event of the shape that AWS documents, with any bytes and properties: nothing raises, none harms another."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, json_values

from contracts.topology import (
    INVOICE_PAID_TYPE,
    INVOICE_REOPENED_TYPE,
    ORDER_CANCELED_TYPE,
    ORDER_CREATED_QUEUE,
    ORDER_CREATED_TYPE,
    QUEUES,
)
from deliveries.batches import sort_out
from deliveries.event import deliveries
from invoice_consumer.invoices import decode
from order_updater import invoices as order_updater
from tracing import context_of, is_traceparent

TYPES = [ORDER_CREATED_TYPE, ORDER_CANCELED_TYPE, INVOICE_PAID_TYPE, INVOICE_REOPENED_TYPE]

# Lone surrogates included: JSON can carry them, UTF-8 cannot.
any_text = st.text(st.characters(exclude_categories=()), max_size=10)
# An AMQP string comes as {"bytes": [...]} of signed bytes; nothing keeps a header from looking nearly so.
long_strings = st.fixed_dictionaries({"bytes": st.lists(st.integers(-128, 255), max_size=5)})
values = st.none() | st.booleans() | st.integers() | any_text | long_strings | json_values
header_names = any_text | st.sampled_from(["x-first-death-reason", "traceparent"])
properties = st.fixed_dictionaries(
    {"bodySize": st.integers(0), "type": st.sampled_from(TYPES) | values, "messageId": values},
    optional={
        "headers": st.dictionaries(header_names, values, max_size=3) | values,
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
    # Of the other events.
    "canceledAt": "2026-11-22T13:42:18.184Z",
    "invoiceId": "0198f8a0-0000-7000-8000-000000000002",
    "number": 1,
    "version": 1,
    "occurredAt": "2026-11-22T13:42:18.184Z",
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
queues = st.sampled_from([name for queue in QUEUES for name in (queue.name, queue.dead_letter_queue)]) | any_text
queue_keys = queues.map(lambda queue: f"{queue}::/")


@pytest.mark.parametrize("decode", [decode, order_updater.decode], ids=["invoice_consumer", "order_updater"])
@BOUNDED
@given(messages=st.dictionaries(queue_keys, st.lists(any_messages, max_size=4), max_size=3))
def test_every_message_becomes_an_event_or_a_rejection(decode: Any, messages: dict[str, Any]) -> None:
    found = list(deliveries(json.loads(json.dumps({"rmqMessagesByQueue": messages}))))
    batch = sort_out(found, decode)

    assert len(found) == sum(map(len, messages.values()))
    assert len(batch.events) + len(batch.rejections) == len(found)
    assert all(rejection.reason for rejection in batch.rejections)
    assert all(rejection.reason.encode().count(0) == 0 for rejection in batch.rejections)
    assert all(len(delivery.fingerprint()) == 32 for delivery in found)
    assert all(
        is_traceparent(kept, context_of(kept)) for delivery in found if (kept := delivery.traceparent()) is not None
    )


@BOUNDED
@given(st.lists(any_messages, max_size=5))
def test_a_bad_message_harms_no_neighbour(bad: list[dict[str, Any]]) -> None:
    mixed = [each for number, one in enumerate(bad) for each in (good(number), one)] + [good(len(bad))]
    event = {"rmqMessagesByQueue": {f"{ORDER_CREATED_QUEUE}::/": mixed}}
    invoiced = [delivery.body for _, delivery in sort_out(deliveries(event), decode).events]

    assert [body for body in invoiced if body in {base64.b64decode(good(n)["data"]) for n in range(len(bad) + 1)}] == [
        base64.b64decode(good(number)["data"]) for number in range(len(bad) + 1)
    ]
