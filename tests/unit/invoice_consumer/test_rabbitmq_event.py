"""What makes two deliveries the same message."""

from __future__ import annotations

from dataclasses import replace

from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_QUEUE
from invoice_consumer.rabbitmq_event import Delivery

DELIVERY = Delivery(
    queue=ORDER_CREATED_QUEUE,
    body=b"{",
    properties={"messageId": "m-1", "type": "order.created.v1", "headers": None, "timestamp": None},
    is_redelivered=False,
)


def test_a_message_is_the_same_whatever_changes_on_its_way() -> None:
    on_its_way = {**DELIVERY.properties, "headers": {"x-delivery-count": 3}, "timestamp": "Jan 1, 1970, 12:33:41 AM"}
    assert replace(DELIVERY, properties=on_its_way, is_redelivered=True).fingerprint() == DELIVERY.fingerprint()


def test_a_dead_lettered_message_is_the_one_that_died_in_the_main_queue() -> None:
    assert replace(DELIVERY, queue=DEAD_LETTER_QUEUE).fingerprint() == DELIVERY.fingerprint()


def test_another_queue_body_id_or_type_makes_another_message() -> None:
    others = [
        replace(DELIVERY, queue="another"),
        replace(DELIVERY, body=b"}"),
        replace(DELIVERY, properties={**DELIVERY.properties, "messageId": "m-2"}),
        replace(DELIVERY, properties={**DELIVERY.properties, "type": "order.created.v2"}),
    ]
    assert len({each.fingerprint() for each in [DELIVERY, *others]}) == 5
