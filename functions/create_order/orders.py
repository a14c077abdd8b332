"""Create an order: accepted means stored, together with the event that will become its invoice.

The order, its outbox row and its idempotency record are one statement: either all of them exist or none. Publishing
happens right after, within its time-out, and may fail without harm: the row stays, and the relay publishes it
(`docs/decisions/0002-outbox.md`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from contracts.errors import IdempotencyKeyReusedError
from contracts.events import OrderCreated
from contracts.orders import CreateOrderRequest, Order
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDER_CREATED_TYPE, ORDERS_EXCHANGE
from create_order.identifiers import uuid7
from rabbitmq import Message, PublishError

PERSISTENT = 2
# The relay takes over an event when the function that wrote it must be over: its own deadline and this much.
RELAY_MARGIN_S = 5.0
# What the answer still needs after publishing, the export of its spans included.
ANSWER_MARGIN_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """The command: the customer, the request, the idempotency key; `trace_headers` are the client's trace context."""

    customer_id: str
    request: CreateOrderRequest
    idempotency_key: str | None
    trace_headers: Mapping[str, str]

    def request_hash(self) -> bytes:
        """Equal for two bodies that mean the same order."""
        canonical = json.dumps([self.request.amount, self.request.currency])
        return hashlib.sha256(canonical.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What is stored in one statement."""

    command: CreateOrder
    order: Order
    response_body: str
    outbox_id: UUID
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """What an earlier request with the same key was answered."""

    order_id: UUID
    request_hash: bytes
    response_body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer: the order's JSON, and whether it is a repetition.

    `publish_failure` says why the event of a new order is left to the relay; None when it is published.
    """

    order_id: UUID
    response_body: str
    is_replay: bool
    publish_failure: str | None = None


class OrderRepository(Protocol):
    def insert(self, new: NewOrder, *, due_in_s: float) -> StoredResponse | None: ...
    def delete_published(self, outbox_id: UUID) -> None: ...


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]: ...


def create_order(
    command: CreateOrder,
    *,
    repository: OrderRepository,
    publisher: Publisher,
    traced: Callable[[Message], Message],
    publish_timeout_s: float,
    remaining_s: Callable[[], float],
) -> Accepted:
    """Store the order and publish its event, or find what its key was answered before.

    `traced` puts the trace context that goes on into the event's message; `remaining_s` is the invocation's time.
    Raises IdempotencyKeyReusedError, and what the repository raises; a failure to publish is part of the result.
    """
    new = _new_order(command, traced=traced)
    stored = repository.insert(new, due_in_s=remaining_s() + RELAY_MARGIN_S)
    # Our own id in the record: the connection was lost after the commit, and this was the second attempt.
    if stored is not None and stored.order_id != new.order.order_id:
        if stored.request_hash != command.request_hash():
            raise IdempotencyKeyReusedError
        return Accepted(order_id=stored.order_id, response_body=stored.response_body, is_replay=True)
    timeout_s = min(publish_timeout_s, remaining_s() - ANSWER_MARGIN_S)
    failure = _publish(new, repository=repository, publisher=publisher, timeout_s=timeout_s)
    return Accepted(
        order_id=new.order.order_id, response_body=new.response_body, is_replay=False, publish_failure=failure
    )


def _publish(new: NewOrder, *, repository: OrderRepository, publisher: Publisher, timeout_s: float) -> str | None:
    """Publish the event and delete its outbox row. A failure is returned as text; the relay then publishes the row."""
    try:
        outcome = publisher.publish([new.message], timeout_s=timeout_s)[0]
        if outcome is not None:
            raise outcome
        repository.delete_published(new.outbox_id)
    except Exception as error:  # the order is committed: no failure of the publish may fail the request
        return str(error).strip()
    return None


def _new_order(command: CreateOrder, *, traced: Callable[[Message], Message]) -> NewOrder:
    order = Order(
        order_id=uuid7(),
        customer_id=command.customer_id,
        amount=command.request.amount,
        currency=command.request.currency,
        status="pending",
        created_at=_milliseconds(datetime.now(UTC)),
    )
    outbox_id = uuid7()
    return NewOrder(
        command=command,
        order=order,
        response_body=json.dumps(order.to_body(), ensure_ascii=False, separators=(",", ":")),
        outbox_id=outbox_id,
        message=traced(_message(order, message_id=outbox_id, trace_headers=command.trace_headers)),
    )


def _message(order: Order, *, message_id: UUID, trace_headers: Mapping[str, str]) -> Message:
    event = OrderCreated(
        order_id=order.order_id,
        customer_id=order.customer_id,
        amount=order.amount,
        currency=order.currency,
        created_at=order.created_at,
    )
    properties: dict[str, Any] = {
        "content_type": "application/json",
        "delivery_mode": PERSISTENT,
        "message_id": str(message_id),
        "type": ORDER_CREATED_TYPE,
        "headers": dict(trace_headers),
    }
    return Message(
        exchange=ORDERS_EXCHANGE, routing_key=ORDER_CREATED_ROUTING_KEY, body=event.to_json(), properties=properties
    )


def _milliseconds(moment: datetime) -> datetime:
    """Cut off what neither the body shows nor the table keeps: the database would round it, the body would not."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
