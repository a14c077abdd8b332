"""Collect the deliveries of one connection to the broker into the batches of one mapping.

A batch is complete when its size, the 6 MB of an invocation or the batching window (from its first record on) says so.
While an invocation is in flight the next batch is read ahead: then only its size ends it, as nothing waits for it. What
is collected stays unacknowledged, and in the order of the queue: first the batch in flight, then the one read ahead,
then the deliveries that wait. A record that no invocation can carry is dropped as Lambda drops it, and logged.
"""

from __future__ import annotations

import asyncio
import logging

from localregion.aws.amqp.consumer import AmqpConsumer
from localregion.aws.event_source_mappings.batch import EventBatch
from localregion.aws.event_source_mappings.status import PollerStatus
from localregion.plan.model import EventSourceMapping

BATCHING_WINDOW_DEFAULT_S = 0.5
# Records encoded between two turns of the event loop, so that a large batch does not hold up the Invoke API.
_ENCODED_AT_ONCE = 100

_log = logging.getLogger(__name__)


class BatchCollector:
    """As short-lived as the consumer that it takes deliveries from."""

    def __init__(
        self, consumer: AmqpConsumer, *, mapping: EventSourceMapping, event_source_arn: str, status: PollerStatus
    ) -> None:
        self._consumer = consumer
        self._mapping = mapping
        self._event_source_arn = event_source_arn
        self._status = status
        self._ahead = self._new_batch()

    async def collect(self) -> EventBatch:
        """Complete what was read ahead, or a batch that is new. Raises what ended the connection."""
        batch, self._ahead = self._ahead, self._new_batch()
        while True:
            self._consumer.check()
            await self._fill(batch)
            if self._is_complete(batch):
                return batch
            if not self._consumer.is_consuming:
                await self._consumer.consume()
            elif not await self._consumer.wait_for_deliveries(until=self._window_end(batch)):
                return batch

    async def read_ahead(self) -> None:
        """Fill the next batch until it is complete, or for as long as the caller waits."""
        while True:
            await self._fill(self._ahead)
            if self._is_complete(self._ahead):
                self._ahead.payload()  # megabytes, while the function works and not when it waits
                return
            await self._consumer.wait_for_deliveries()

    def forget_ahead(self) -> list[int]:
        """Return the delivery tags of what was read ahead, which is not handed out any more."""
        ahead, self._ahead = self._ahead, self._new_batch()
        return ahead.delivery_tags

    def _new_batch(self) -> EventBatch:
        return EventBatch(
            event_source_arn=self._event_source_arn, queue=self._mapping.queue, virtual_host=self._mapping.virtual_host
        )

    def _is_complete(self, batch: EventBatch) -> bool:
        return batch.is_full or len(batch) == self._mapping.batch_size

    def _window_end(self, batch: EventBatch) -> float | None:
        window_s = self._mapping.batching_window_s
        if batch.began_at is None:
            return None
        return batch.began_at + (BATCHING_WINDOW_DEFAULT_S if window_s is None else window_s)

    async def _fill(self, batch: EventBatch) -> None:
        """Add what is at hand until the batch is complete."""
        deliveries = self._consumer.deliveries
        while deliveries and not self._is_complete(batch):
            if batch.seen % _ENCODED_AT_ONCE == 0:
                await asyncio.sleep(0)
            delivery = deliveries[0]
            record = batch.encode(delivery)
            if batch.is_too_large_for_any(record):
                self._drop(delivery.delivery_tag, len(record))
            elif not batch.add(delivery.delivery_tag, record):
                return
            elif batch.began_at is None:
                batch.began_at = asyncio.get_running_loop().time()
            deliveries.popleft()

    def _drop(self, delivery_tag: int, size: int) -> None:
        self._consumer.acknowledge(delivery_tag, multiple=False)
        self._status.dropped += 1
        _log.error(
            "mapping %s drops a record of %s: its %d encoded bytes exceed the 6 MB of an invocation, as AWS documents",
            self._mapping.name,
            self._mapping.queue,
            size,
        )
