"""Create an order: accepted means stored, together with the event that will become its invoice.

The order, its outbox row and its idempotency record are one statement: either all of them exist or none. Publishing
happens right after and may fail without harm: the row stays, and the relay publishes it
(`docs/decisions/0002-outbox.md`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from contracts.events import OrderCreated
from contracts.http import Problem
from contracts.orders import CreateOrderRequest, Order
from contracts.topology import ORDER_CREATED_ROUTING_KEY, ORDER_CREATED_TYPE, ORDERS_EXCHANGE
from rabbitmq import Message, PublishError

PERSISTENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """The command: whose order, what, under which key; `trace_headers` are the client's trace context."""

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
    """The answer: the order's JSON, and whether it is a repetition."""

    order_id: UUID
    response_body: str
    is_replay: bool


class OrderRepository(Protocol):
    def insert(self, new: NewOrder, *, due_in_s: float) -> StoredResponse | None: ...
    def delete_published(self, outbox_id: UUID) -> None: ...


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]: ...


def create_order(
    command: CreateOrder,
    *,
    repository: OrderRepository,
    now: Callable[[], datetime],
    new_id: Callable[[], UUID],
    due_in_s: float,
    traced: Callable[[Message], Message],
) -> tuple[Accepted, NewOrder | None]:
    """Store the order, or find what its key was answered before; the second part is what is to be published.

    `due_in_s`: when the relay may take over. `traced` puts the trace context that goes on into the event's message.
    Raises Problem 422 for a key that was used with another body.
    """
    new = _new_order(command, now=now, new_id=new_id, traced=traced)
    stored = repository.insert(new, due_in_s=due_in_s)
    # Our own id in the record: the connection was lost after the commit, and this was the second attempt.
    if stored is None or stored.order_id == new.order.order_id:
        return Accepted(order_id=new.order.order_id, response_body=new.response_body, is_replay=False), new
    if stored.request_hash != command.request_hash():
        detail = "This Idempotency-Key was used with another body."
        raise Problem(422, "idempotency-key-reused", title="Idempotency-Key reused", detail=detail)
    return Accepted(order_id=stored.order_id, response_body=stored.response_body, is_replay=True), None


def publish(new: NewOrder, *, repository: OrderRepository, publisher: Publisher, timeout_s: float) -> None:
    """Publish the event and forget its outbox row. Raises PublishError; then the row is still there."""
    outcome = publisher.publish([new.message], timeout_s=timeout_s)[0]
    if outcome is not None:
        raise outcome
    repository.delete_published(new.outbox_id)


def _new_order(
    command: CreateOrder,
    *,
    now: Callable[[], datetime],
    new_id: Callable[[], UUID],
    traced: Callable[[Message], Message],
) -> NewOrder:
    order = Order(
        order_id=new_id(),
        customer_id=command.customer_id,
        amount=command.request.amount,
        currency=command.request.currency,
        status="pending",
        created_at=_milliseconds(now()),
    )
    outbox_id = new_id()
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
