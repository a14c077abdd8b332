"""What the tests of the publisher share: queues of a test's own, and messages for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika

from localregion.testing.services import RunningRabbitMQ
from rabbitmq import Message


def message(queue: str, body: bytes = b"body", **properties: Any) -> Message:
    """One for this queue, through the default exchange."""
    given = {"message_id": str(uuid.uuid4()), **properties}
    return Message(exchange="", routing_key=queue, body=body, properties=given)


@contextmanager
def queue(broker: RunningRabbitMQ, **arguments: Any) -> Iterator[tuple[str, Any]]:
    """The name of a queue, and a channel to look into it."""
    connection = pika.BlockingConnection(pika.URLParameters(f"{broker.amqp_url}?heartbeat=0"))
    channel = connection.channel()
    name = f"publisher-{uuid.uuid4()}"
    channel.queue_declare(name, durable=True, arguments=arguments)
    try:
        yield name, channel
    finally:
        channel.queue_delete(name)
        connection.close()


def taken(channel: Any, name: str) -> list[tuple[Any, bytes]]:
    """Properties and body of all that are in the queue, oldest first."""
    found = []
    while (each := channel.basic_get(name, auto_ack=True))[0] is not None:
        found.append((each[1], each[2]))
    return found
