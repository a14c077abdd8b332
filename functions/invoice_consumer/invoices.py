"""Turn deliveries into invoices and parked messages: the rules, without the database.

A message that is not a valid OrderCreated is parked with the reason and never retried. Everything else that goes wrong
fails the batch: RabbitMQ delivers it again, and invoicing an order twice is impossible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.events import InvalidEventError, OrderCreated
from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_TYPE
from invoice_consumer.rabbitmq_event import Delivery, readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A delivery to be parked, and why: whatever the message brings into the reason, it can be stored and shown."""

    delivery: Delivery
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", readable(self.reason))


@dataclass(slots=True)
class Batch:
    """What a set of deliveries comes to: orders to invoice, each beside its delivery, and messages to park."""

    orders: list[tuple[OrderCreated, Delivery]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


def sort_out(deliveries: Iterable[Delivery]) -> Batch:
    """Decode and validate each delivery by itself: a bad one does not affect the others."""
    batch = Batch()
    for delivery in deliveries:
        try:
            batch.orders.append((decode(delivery), delivery))
        except InvalidEventError as error:
            batch.rejections.append(Rejection(delivery=delivery, reason=str(error)))
        except Exception as error:  # what no rule foresees would come back for ever, and its neighbours with it
            reason = f"cannot be decoded: {type(error).__name__}: {error}"
            batch.rejections.append(Rejection(delivery=delivery, reason=reason))
    return batch


def decode(delivery: Delivery) -> OrderCreated:
    """Raises InvalidEventError with the reason that the parked message will have."""
    if delivery.queue == DEAD_LETTER_QUEUE:
        raise InvalidEventError(f"dead-lettered by the broker: {_death(delivery)}")
    if delivery.message_type != ORDER_CREATED_TYPE:
        raise InvalidEventError(f"type is {_shown(delivery.message_type)}, expected {ORDER_CREATED_TYPE}")
    return OrderCreated.from_json(delivery.body)


def _death(delivery: Delivery) -> str:
    """The broker's own reason, for example `rejected` or `expired` (https://www.rabbitmq.com/docs/dlx#effects)."""
    return delivery.header("x-first-death-reason") or "no reason given"


def _shown(value: object) -> str:
    """A value from outside, short and harmless to store and print."""
    return "missing" if value is None else ascii(value)[:100]
