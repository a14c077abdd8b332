"""A queue of its own for one test, a mapping on it, and a function that notes what it is invoked with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pika
import pika.exceptions
import uvloop
from unit.aws.mapping_plan import MAPPING, sample_plan

from localregion.aws.event_source_mappings.api import Mappings
from localregion.plan.model import EventSourceMapping
from localregion.testing.services import RunningRabbitMQ

TIMEOUT_S = 60


@dataclass
class Result:
    function_error: str | None = None


async def succeed(_: list[dict[str, Any]]) -> Result:
    return Result()


async def fail(_: list[dict[str, Any]]) -> Result:
    return Result(function_error="Unhandled")


@dataclass
class NotedInvocations:
    """Stands in for LambdaService: `behave` gets the records of each invocation and answers it."""

    behave: Callable[[list[dict[str, Any]]], Awaitable[Result]] = succeed
    events: list[dict[str, Any]] = field(default_factory=list)
    payload_sizes: list[int] = field(default_factory=list)
    in_flight: int = 0
    in_flight_max: int = 0

    async def invoke(self, function_name: str, payload: bytes, *, qualifier: str | None = None) -> Result:
        assert (function_name, qualifier) == ("invoice_consumer", "live")
        event = json.loads(payload)
        [records] = event["rmqMessagesByQueue"].values()
        self.events.append(event)
        self.payload_sizes.append(len(payload))
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            return await self.behave(records)
        finally:
            self.in_flight -= 1

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        return [records for event in self.events for records in event["rmqMessagesByQueue"].values()]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for batch in self.batches for record in batch]


@dataclass(frozen=True)
class Queue:
    name: str
    connection: pika.BlockingConnection
    channel: Any

    def publish(self, *bodies: bytes, **properties: Any) -> None:
        for body in bodies:
            self.channel.basic_publish("", self.name, body, pika.BasicProperties(**properties))

    def depth(self) -> int:
        """Return how many messages are ready."""
        return int(self.channel.queue_declare(self.name, passive=True).method.message_count)


@contextlib.contextmanager
def new_queue(
    broker: RunningRabbitMQ, *, kind: str = "classic", name: str | None = None, **arguments: int
) -> Iterator[Queue]:
    """`arguments` are the queue's own, with underscores for their hyphens."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    queue = Queue(name or f"queue-{uuid.uuid4()}", connection, channel)
    given = {name.replace("_", "-"): value for name, value in arguments.items()}
    channel.queue_declare(queue.name, durable=True, arguments={"x-queue-type": kind, **given})
    try:
        yield queue
    finally:
        # The test may have restarted the broker, or frozen it for so long that the connection is gone.
        with contextlib.suppress(pika.exceptions.AMQPError):
            connection.close()
        with pika.BlockingConnection(pika.URLParameters(broker.amqp_url)) as last:
            last.channel().queue_delete(queue.name)


@contextlib.asynccontextmanager
async def mapped(
    broker: RunningRabbitMQ, queue: str, functions: NotedInvocations, *, requeue: Any = "nack", **settings: Any
) -> AsyncIterator[Mappings]:
    """Run a mapping with these settings on a queue."""
    mapping: EventSourceMapping = replace(MAPPING, queue=queue, **settings)
    login = {"username": broker.username, "password": broker.password}
    mappings = Mappings(
        [mapping], lambda_service=functions, plan=sample_plan(login), broker_url=broker.endpoint, requeue=requeue
    )
    await mappings.start()
    try:
        yield mappings
    finally:
        await mappings.stop()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario on the event loop that the emulator has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


async def until(condition: Callable[[], Any]) -> None:
    """Wait until the condition holds; fail after a minute."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def until_enabled(mappings: Mappings) -> None:
    await until(lambda: mappings.status()[0]["State"] == "Enabled")
