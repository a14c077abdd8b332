"""Create an order: accepted means stored, together with the event that will become its invoice.

The order, its outbox row and its idempotency record are one statement: either all of them exist or none. Publishing
happens right after, within its time-out, and may fail without harm: the row stays, and the relay publishes it
(`docs/decisions/0002-outbox.md`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from contracts.errors import IdempotencyKeyReusedError
from contracts.events import OrderCreated
from contracts.orders import CreateOrderRequest, Order
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDER_CREATED_TYPE, ORDERS_EXCHANGE
from outbox import RELAY_MARGIN_S, Publisher, event_message, publish_now, uuid7
from rabbitmq import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """The command: the customer, the request, the idempotency key; `trace_headers` are the client's trace context."""

    customer_id: str
    request: CreateOrderRequest
    idempotency_key: str | None
    trace_headers: Mapping[str, str]

    def request_hash(self) -> bytes:
        """Equal for two bodies that mean the same order."""
        said = [self.request.amount, self.request.currency]
        # Keys outlive an update: without a reference the hash is what it was before there were any.
        canonical = json.dumps(said if self.request.reference is None else [*said, self.request.reference])
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
    failure = publish_now(
        new.message,
        publisher=publisher,
        delete_row=lambda: repository.delete_published(new.outbox_id),
        timeout_s=publish_timeout_s,
        remaining_s=remaining_s,
    )
    return Accepted(
        order_id=new.order.order_id, response_body=new.response_body, is_replay=False, publish_failure=failure
    )


def _new_order(command: CreateOrder, *, traced: Callable[[Message], Message]) -> NewOrder:
    created_at = _milliseconds(datetime.now(UTC))
    order = Order(
        order_id=uuid7(created_at),
        customer_id=command.customer_id,
        amount=command.request.amount,
        currency=command.request.currency,
        status="pending",
        reference=command.request.reference,
        created_at=created_at,
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
    return event_message(
        event.to_json(),
        exchange=ORDERS_EXCHANGE,
        routing_key=ORDER_CREATED_ROUTING_KEY,
        type_=ORDER_CREATED_TYPE,
        message_id=message_id,
        trace_headers=trace_headers,
    )


def _milliseconds(moment: datetime) -> datetime:
    """Cut off what neither the body shows nor the table keeps: the database would round it, the body would not."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
