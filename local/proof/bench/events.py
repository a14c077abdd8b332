"""Events as Kong and the event source mapping would send them, and the messages behind the latter."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime

from outbox import uuid7

_BODY = b'{"amount": 1999, "currency": "BRL"}'


def order_event() -> dict[str, object]:
    """`POST /orders` as Kong's aws-lambda plugin sends it (payload 1.0)."""
    return {
        "version": "1.0",
        "path": "/orders",
        "httpMethod": "POST",
        "headers": {
            "content-type": "application/json",
            "x-consumer-custom-id": "bench",
            "traceparent": f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01",
        },
        "requestContext": {"requestId": uuid.uuid4().hex},
        "body": base64.b64encode(_BODY).decode(),
        "isBase64Encoded": True,
    }


def message_body(order_id: str) -> bytes:
    """An OrderCreated as `create_order` writes it."""
    created_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "orderId": order_id,
        "amount": 1999,
        "currency": "BRL",
        "customer": {"id": "bench"},
        "createdAt": created_at,
    }
    return json.dumps(event, separators=(",", ":")).encode()


def queue_event(queue: str) -> dict[str, object]:
    """One new order in an `aws:rmq` event (https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html)."""
    properties = {
        "contentType": "application/json",
        "deliveryMode": 2,
        "messageId": str(uuid.uuid4()),
        "type": "order.created.v1",
        "headers": {},
    }
    data = base64.b64encode(message_body(str(uuid7()))).decode()
    message = {"basicProperties": properties, "redelivered": False, "data": data}
    return {"eventSource": "aws:rmq", "rmqMessagesByQueue": {f"{queue}::/": [message]}}
