"""Consume one queue with manual acknowledgement and requeue what failed by the method asked for.

Deliveries wait in `deliveries`, in the order of the queue. Requeueing cancels the consumer first: a consumer that is
still subscribed gets the records back at once, and on a quorum queue every such round would count as two deliveries.
What waits behind a batch that failed goes back with it, by the same method, so the queue keeps its order.
Nothing is ever declared, the queue has to exist. https://www.rabbitmq.com/docs/consumers,
https://www.rabbitmq.com/docs/nack.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Literal

from pamqp import commands

from localregion.aws.amqp.connection import AmqpConnection, BrokerRefusedError
from localregion.aws.amqp.content import Delivery

_SHORT_STRING_MAX = 255
RequeueMethod = Literal["nack", "reject", "close"]


class _Consume(commands.Basic.Consume):
    """basic.consume of a queue with any name that RabbitMQ takes: pamqp knows only those of the specification."""

    def validate(self) -> None:
        pass


class AmqpConsumer:
    """The consumer of one queue on a connection of its own; as short-lived as that connection."""

    def __init__(self, *, queue: str, prefetch: int) -> None:
        self.deliveries: deque[Delivery] = deque()
        self._queue = queue
        self._prefetch = prefetch
        self._consumer_tag: str | None = None
        self._changed = asyncio.Event()
        self._connection = AmqpConnection(on_delivery=self._deliver, on_closed=self._changed.set)

    @property
    def is_consuming(self) -> bool:
        return self._consumer_tag is not None

    async def open(self, host: str, port: int, *, username: str, password: str, virtual_host: str) -> None:
        """Connect and start to consume."""
        await self._connection.open(host, port, username=username, password=password, virtual_host=virtual_host)
        await self._set_prefetch()
        await self.consume()

    async def change_prefetch(self, prefetch: int) -> None:
        """Go on with another prefetch: RabbitMQ takes one over for a new consumer only. Nothing is given back."""
        self._prefetch = prefetch
        is_consuming = self.is_consuming
        await self._cancel()
        await self._set_prefetch()
        if is_consuming:
            await self.consume()

    async def consume(self) -> None:
        """Start to consume, with the prefetch asked for last."""
        if len(self._queue.encode()) > _SHORT_STRING_MAX:
            raise BrokerRefusedError(404, "NOT_FOUND - no queue has a name of more than 255 bytes", logged_in=True)
        consume = _Consume(queue=self._queue, no_ack=False)
        self._consumer_tag = (await self._connection.call(consume, commands.Basic.ConsumeOk)).consumer_tag

    async def wait_for_deliveries(self, *, until: float | None = None) -> bool:
        """Wait for a further delivery, at most until that time of the event loop; raise when the connection ends."""
        self.check()
        self._changed.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            return False
        self.check()
        return True

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        if self._connection.error is not None:
            raise self._connection.error

    def acknowledge(self, delivery_tag: int, *, multiple: bool) -> None:
        """Acknowledge one delivery, or every outstanding one up to it."""
        self._connection.send(commands.Basic.Ack(delivery_tag, multiple))

    async def requeue(self, delivery_tags: Sequence[int], method: RequeueMethod) -> None:
        """Give back these deliveries, the oldest outstanding ones, and all behind them; the consumer is cancelled."""
        await self._cancel()
        # Only now is it known what the broker had sent already.
        outstanding = [*delivery_tags, *(delivery.delivery_tag for delivery in self.deliveries)]
        self.deliveries.clear()
        if method == "nack":
            self._connection.send(commands.Basic.Nack(outstanding[-1], multiple=True, requeue=True))
        elif method == "reject":
            self._connection.send(*[commands.Basic.Reject(tag, requeue=True) for tag in outstanding])
        else:
            await self._reopen_channel()

    def close(self) -> None:
        """Close the connection; the broker requeues every delivery that is not acknowledged."""
        self._connection.close()

    async def _set_prefetch(self) -> None:
        # Per consumer: RabbitMQ's meaning of global=false, https://www.rabbitmq.com/docs/consumer-prefetch.
        qos = commands.Basic.Qos(prefetch_count=self._prefetch, global_=False)
        await self._connection.call(qos, commands.Basic.QosOk)

    async def _cancel(self) -> None:
        if self._consumer_tag is not None:
            tag, self._consumer_tag = self._consumer_tag, None
            await self._connection.call(commands.Basic.Cancel(tag), commands.Basic.CancelOk)

    async def _reopen_channel(self) -> None:
        close = commands.Channel.Close(200, "requeue", 0, 0)
        await self._connection.call(close, commands.Channel.CloseOk)
        await self._connection.call(commands.Channel.Open(), commands.Channel.OpenOk)
        await self._set_prefetch()

    def _deliver(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._changed.set()
