"""What makes two deliveries the same message, and which trace a message belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_QUEUE, QUEUES
from deliveries.event import Delivery

DELIVERY = Delivery(
    queue=ORDER_CREATED_QUEUE,
    body=b"{",
    properties={"messageId": "m-1", "type": "order.created.v1", "headers": None, "timestamp": None},
    is_redelivered=False,
)


def test_a_message_is_the_same_whatever_changes_on_its_way() -> None:
    on_its_way = {**DELIVERY.properties, "headers": {"x-delivery-count": 3}, "timestamp": "Jan 1, 1970, 12:33:41 AM"}
    assert replace(DELIVERY, properties=on_its_way, is_redelivered=True).fingerprint() == DELIVERY.fingerprint()


def test_the_fingerprint_of_an_order_is_that_of_the_rows_parked_so_far() -> None:
    known = "490a9f78e9f2f7a4af8a7c5759a02d70d1152fc0dfdbb7ea09348e7982c8afed"
    assert DELIVERY.fingerprint().hex() == known


def test_a_dead_lettered_message_is_the_one_that_died_in_the_main_queue() -> None:
    assert replace(DELIVERY, queue=DEAD_LETTER_QUEUE).fingerprint() == DELIVERY.fingerprint()
    for queue in QUEUES:
        died = replace(DELIVERY, queue=queue.dead_letter_queue)
        assert died.fingerprint() == replace(DELIVERY, queue=queue.name).fingerprint()


def test_another_queue_body_id_or_type_makes_another_message() -> None:
    others = [
        replace(DELIVERY, queue="another"),
        replace(DELIVERY, body=b"}"),
        replace(DELIVERY, properties={**DELIVERY.properties, "messageId": "m-2"}),
        replace(DELIVERY, properties={**DELIVERY.properties, "type": "order.created.v2"}),
    ]
    assert len({each.fingerprint() for each in [DELIVERY, *others]}) == 5


def delivered(headers: Any) -> Delivery:
    return replace(DELIVERY, properties={**DELIVERY.properties, "headers": headers})


def test_the_trace_context_is_text_in_bytes() -> None:
    text = f"00-{'a' * 32}-{'b' * 16}-01"
    found = delivered({"traceparent": {"bytes": list(text.encode())}}).trace_context()
    assert found is not None
    assert (found.trace_id, found.span_id, found.is_sampled) == ("a" * 32, "b" * 16, True)


@pytest.mark.parametrize(
    "value",
    [
        {"bytes": 10**12},  # a table of the sender's: `bytes(10**12)` is a terabyte
        {"bytes": 2**63 - 1},
        {"bytes": True},
        {"bytes": [-1]},
        {"bytes": ["0"]},
        {"bytes": None},
        {"bytes": {"bytes": [48]}},
        [],
        "00-text",
        None,
    ],
)
@pytest.mark.parametrize("name", ["traceparent", "tracestate"])
def test_a_trace_header_of_another_kind_is_none(name: str, value: Any) -> None:
    assert delivered({name: value}).trace_context() is None
