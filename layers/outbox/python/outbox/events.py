"""An event's message: persistent JSON that carries its own id, its type and a trace context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rabbitmq import Message

PERSISTENT = 2


def event_message(
    body: bytes, *, exchange: str, routing_key: str, type_: str, message_id: UUID, trace_headers: Mapping[str, str]
) -> Message:
    """The message of an event; `trace_headers` are `traceparent` and `tracestate`, or nothing."""
    properties: dict[str, Any] = {
        "content_type": "application/json",
        "delivery_mode": PERSISTENT,
        "message_id": str(message_id),
        "type": type_,
        "headers": dict(trace_headers),
    }
    return Message(exchange=exchange, routing_key=routing_key, body=body, properties=properties)
