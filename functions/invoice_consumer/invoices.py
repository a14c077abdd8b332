"""What the messages of this side's queues are: an order that is invoiced, or one that was canceled."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import OrderCanceled, OrderCreated
from contracts.topology import ORDER_CANCELED_TYPE, ORDER_CREATED_QUEUE, ORDER_CREATED_TYPE
from deliveries.batches import refuse_dead_letter, unexpected_type
from deliveries.event import Delivery


def decode(delivery: Delivery) -> OrderCreated | OrderCanceled:
    """Raises InvalidEventError with the reason that the parked message will have."""
    refuse_dead_letter(delivery)
    if delivery.message_type == ORDER_CREATED_TYPE:
        return OrderCreated.from_json(delivery.body)
    if delivery.message_type == ORDER_CANCELED_TYPE:
        return OrderCanceled.from_json(delivery.body)
    raise unexpected_type(delivery, ORDER_CREATED_TYPE, ORDER_CANCELED_TYPE)


def decode_all(deliveries: Sequence[Delivery]) -> Sequence[OrderCreated | OrderCanceled]:
    """Raises ValueError unless all of them are what the queue of new orders is for."""
    for delivery in deliveries:
        if delivery.queue != ORDER_CREATED_QUEUE or delivery.properties.get("type") != ORDER_CREATED_TYPE:
            raise ValueError("not a new order")
    return OrderCreated.all_from_json([delivery.body for delivery in deliveries])
