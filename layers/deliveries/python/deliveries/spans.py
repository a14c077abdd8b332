"""The spans of a batch: one that processes it, linked to every message in it, and one for each message that is parked.

A batch's span is no child of a message's: the messages come from as many traces. From a message's trace the batch is
found by its link (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#trace-structure).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from deliveries.batches import Rejection
from deliveries.event import Delivery, readable
from tracing import Span, Tracing


def process(tracing: Tracing, batch: Sequence[Delivery]) -> AbstractContextManager[Span]:
    """The span of working off a batch."""
    queue = batch[0].queue if batch else "nothing"
    return tracing.span(
        f"process {queue}",
        kind="CONSUMER",
        attributes={
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": queue,
            "messaging.batch.message_count": len(batch),
        },
        links=(context for delivery in batch if (context := delivery.trace_context())),
    )


def park(tracing: Tracing, rejections: Sequence[Rejection]) -> None:
    """A span for each parked message, linked to what created the message."""
    for rejection in rejections:
        delivery = rejection.delivery
        context = delivery.trace_context()
        attributes: dict[str, Any] = {"messaging.system": "rabbitmq", "messaging.destination.name": delivery.queue}
        if isinstance(message_id := delivery.properties.get("messageId"), str):
            attributes["messaging.message.id"] = readable(message_id)
        with tracing.span(
            f"park {delivery.queue}", attributes=attributes, links=() if context is None else (context,)
        ) as span:
            span.fail("message_parked", rejection.reason)
