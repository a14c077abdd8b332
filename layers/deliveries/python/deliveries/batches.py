"""Sort deliveries into what can be stored and what is parked: the rules of a message, without the database.

A message that is not what its queue is for is parked with the reason and never retried. Everything else that goes wrong
fails the batch: RabbitMQ delivers it again, and storing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from contracts.events import InvalidEventError
from contracts.topology import BY_DEAD_LETTER_QUEUE
from deliveries.event import Delivery, readable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A delivery to be parked, and why: whatever the message brings into the reason, it can be stored and shown."""

    delivery: Delivery
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", readable(self.reason))


@dataclass(slots=True)
class Batch(Generic[T]):
    """What a set of deliveries comes to: events to store, each beside its delivery, and messages to park."""

    events: list[tuple[T, Delivery]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


Decode = Callable[[Delivery], T]
# All of them at once. Raises anything if there is one that is to be looked at by itself.
DecodeAll = Callable[[Sequence[Delivery]], Sequence[T]]


def sort_out(deliveries: Sequence[Delivery], decode: Decode[T], decode_all: DecodeAll[T] | None = None) -> Batch[T]:
    """Decode and validate each delivery by itself: a bad one does not affect the others.

    `decode_all` makes the same events quicker, as long as no delivery is bad.
    """
    if decode_all is not None:
        with suppress(Exception):
            return Batch(events=list(zip(decode_all(deliveries), deliveries, strict=True)))
    batch: Batch[T] = Batch()
    for delivery in deliveries:
        try:
            batch.events.append((decode(delivery), delivery))
        except InvalidEventError as error:
            batch.rejections.append(Rejection(delivery=delivery, reason=str(error)))
        except Exception as error:  # what no rule foresees would come back for ever, and its neighbours with it
            reason = f"cannot be decoded: {type(error).__name__}: {error}"
            batch.rejections.append(Rejection(delivery=delivery, reason=reason))
    return batch


def refuse_dead_letter(delivery: Delivery) -> None:
    """Raises InvalidEventError with the broker's own reason for what it put into a dead-letter queue.

    For example `rejected` or `expired` (https://www.rabbitmq.com/docs/dlx#effects).
    """
    if delivery.queue in BY_DEAD_LETTER_QUEUE:
        reason = delivery.header("x-first-death-reason") or "no reason given"
        raise InvalidEventError(f"dead-lettered by the broker: {reason}")


def unexpected_type(delivery: Delivery, *expected: str) -> InvalidEventError:
    """The reason of a message of another type; what it says is short and harmless to store and print."""
    given = delivery.message_type
    shown = "missing" if given is None else ascii(given)[:100]
    return InvalidEventError(f"type is {shown}, expected {' or '.join(expected)}")
