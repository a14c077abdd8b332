"""An event as a row of an outbox; the statement that inserts it is its function's, beside what the event tells of."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from rabbitmq import Message


def row_parameters(outbox_id: UUID, message: Message, *, due_in_s: float) -> dict[str, Any]:
    """The parameters outbox_id, exchange, routing_key, properties, body and due_in_s."""
    return {
        "outbox_id": outbox_id,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "properties": json.dumps(message.properties),
        "body": message.body,
        "due_in_s": due_in_s,
    }
