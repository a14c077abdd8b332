"""Cancel an order: its row decides, and whichever of canceled and paid is committed there first stands.

The status, the event and the answer that a key gets again are one transaction. Publishing happens right after and may
fail without harm: the row stays, and the relay publishes it (`docs/decisions/0002-outbox.md`).
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
from contracts.events import OrderCanceled
from contracts.topology import ORDER_CANCELED_ROUTING_KEY, ORDER_CANCELED_TYPE, ORDERS_EXCHANGE
from outbox import RELAY_MARGIN_S, Publisher, event_message, publish_now, uuid7
from rabbitmq import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """The command; `trace_headers` are the client's trace context."""

    order_id: UUID
    customer_id: str
    idempotency_key: str | None
    trace_headers: Mapping[str, str]

    def request_hash(self) -> bytes:
        """Of no request that creates an order: a key means one thing."""
        return hashlib.sha256(json.dumps(["cancel", str(self.order_id)]).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What is stored if the order can be canceled."""

    command: CancelOrder
    canceled_at: datetime
    outbox_id: UUID
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What came of it: the answer, and whether this request's event is stored.

    `request_hash` is that of the earlier request which the key was answered with; None for no earlier one.
    """

    response_body: str
    has_event: bool = False
    request_hash: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """The answer: the order's JSON, whether it is a repetition, whether this request canceled the order.

    `publish_failure` says why its event is left to the relay; None when it is published, or there is none.
    """

    response_body: str
    is_replay: bool
    is_new: bool
    publish_failure: str | None = None


class CancellationRepository(Protocol):
    def cancel(self, cancellation: Cancellation, *, due_in_s: float) -> Stored: ...
    def delete_published(self, outbox_id: UUID) -> None: ...


def cancel_order(
    command: CancelOrder,
    *,
    repository: CancellationRepository,
    publisher: Publisher,
    traced: Callable[[Message], Message],
    publish_timeout_s: float,
    remaining_s: Callable[[], float],
) -> Canceled:
    """Cancel the order and publish its event, or find what its key was answered before.

    An order that is canceled already is answered as it is, without an event. Raises OrderNotFoundError, OrderPaidError,
    IdempotencyKeyReusedError, and what the repository raises; a failure to publish is part of the result.
    """
    cancellation = _cancellation(command, traced)
    stored = repository.cancel(cancellation, due_in_s=remaining_s() + RELAY_MARGIN_S)
    if stored.request_hash not in (None, command.request_hash()):
        raise IdempotencyKeyReusedError
    failure = None
    if stored.has_event:
        failure = publish_now(
            cancellation.message,
            publisher=publisher,
            delete_row=lambda: repository.delete_published(cancellation.outbox_id),
            timeout_s=publish_timeout_s,
            remaining_s=remaining_s,
        )
    return Canceled(
        response_body=stored.response_body,
        is_replay=stored.request_hash is not None,
        is_new=stored.has_event,
        publish_failure=failure,
    )


def _cancellation(command: CancelOrder, traced: Callable[[Message], Message]) -> Cancellation:
    now = datetime.now(UTC)
    canceled_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    outbox_id = uuid7()
    event = OrderCanceled(order_id=command.order_id, customer_id=command.customer_id, canceled_at=canceled_at)
    message = event_message(
        event.to_json(),
        exchange=ORDERS_EXCHANGE,
        routing_key=ORDER_CANCELED_ROUTING_KEY,
        type_=ORDER_CANCELED_TYPE,
        message_id=outbox_id,
        trace_headers=command.trace_headers,
    )
    return Cancellation(command=command, canceled_at=canceled_at, outbox_id=outbox_id, message=traced(message))
