"""Poll one RabbitMQ queue for one function: collect a batch, invoke, acknowledge or requeue; for ever.

A record is acknowledged only after an invocation that had it has succeeded, and one invocation is in flight at a time
(Amazon MQ for RabbitMQ: concurrency 1). Any failure (function error, throttling, missing function, time-out) requeues
the whole batch, without a limit. A batch is what the batch size, the batching window (from its first record on; 500 ms
unless set) or the 6 MB of an invocation allow; a single record beyond 6 MB is dropped as Lambda drops it: acknowledged,
and logged. https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html and .../services-mq-errors.html.

Not documented by AWS and chosen here: the requeue method (hence switchable), reading ahead and the pause before the
next attempt after a failure (0.1 s, doubling to 1 s). While the function works the next batch is collected: two batches
are prefetched. What was read ahead goes back with a batch that fails, so that the queue keeps its order, and only one
batch is prefetched until one succeeds: what lies behind a bad batch comes back once on its account, not each time.
AWS stops for good at what it calls unrecoverable (login refused, queue missing); here the mapping shows AWS's reason
and tries again every 2 s, so that a system that is still being set up heals. Filters and scaling are not emulated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from localregion.aws.amqp.connection import BrokerConnectionLostError, BrokerRefusedError
from localregion.aws.amqp.consumer import AmqpConsumer, RequeueMethod
from localregion.aws.event_source_mappings.batch import EventBatch
from localregion.aws.event_source_mappings.collecting import BatchCollector
from localregion.aws.event_source_mappings.sources import EventSource
from localregion.aws.event_source_mappings.status import PollerStatus, transition_reason
from localregion.aws.http.errors import LambdaApiError
from localregion.plan.model import EventSourceMapping

# One for the function and one for the next invocation.
BATCHES_PREFETCHED = 2
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.2, 2.0
REFUSED_RETRY_S = 2.0
FAILURE_PAUSE_MIN_S, FAILURE_PAUSE_MAX_S = 0.1, 1.0

_log = logging.getLogger(__name__)


class InvokesFunctions(Protocol):
    """What the mapping needs of `emulator.lambda_service.LambdaService`."""

    async def invoke(self, function_name: str, payload: bytes, *, qualifier: str | None = None) -> Any: ...


class _Connected(NamedTuple):
    """What lives as long as one connection to the broker."""

    consumer: AmqpConsumer
    collector: BatchCollector


class EventPoller:
    """One mapping at work; `run` until it is cancelled or stopped. `find_source` is asked at each connection."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        *,
        lambda_service: InvokesFunctions,
        find_source: Callable[[], EventSource],
        requeue: RequeueMethod,
    ) -> None:
        self.status = PollerStatus(state="Creating")
        self._mapping = mapping
        self._lambda_service = lambda_service
        self._find_source = find_source
        self.requeue_method: RequeueMethod = requeue
        self._connection: _Connected | None = None
        self._failures = 0
        self._is_stopping = False

    async def run(self) -> None:
        """Poll until stopped; a lost broker is reconnected to for ever, with back-off."""
        pause_s = RECONNECT_MIN_S
        while not self._is_stopping:
            try:
                await self.connect()
                pause_s = RECONNECT_MIN_S
                while not self._is_stopping:
                    await self.run_once()
            except BrokerRefusedError as refusal:
                pause_s = max(self._refused(refusal), pause_s)
            except BrokerConnectionLostError as loss:
                self._lost(loss)
            except Exception:
                # A defect of ours, or a message that no broker should let through: visible, and not the mapping's end.
                _log.exception("mapping %s failed and connects again", self._mapping.name)
            finally:
                self.close()
            await asyncio.sleep(0 if self._is_stopping else pause_s)
            pause_s = min(pause_s * 2, RECONNECT_MAX_S)

    async def run_once(self) -> int:
        """Wait for one batch, invoke the function with it and settle it; return the number of its records."""
        batch = await self._connected.collector.collect()
        self.status.in_flight = len(batch)
        try:
            problem = await self._invoke_reading_ahead(batch)
            await self._settle(batch, problem)
        finally:
            self.status.in_flight = 0
        if problem is not None:
            await asyncio.sleep(min(FAILURE_PAUSE_MIN_S * 2 ** min(self._failures - 1, 10), FAILURE_PAUSE_MAX_S))
        return len(batch)

    async def connect(self) -> None:
        """Open a connection to the broker and start to consume."""
        source = self._find_source()
        address = urlsplit(source.url)
        consumer = AmqpConsumer(queue=self._mapping.queue, prefetch=self._prefetch)
        collector = BatchCollector(consumer, mapping=self._mapping, event_source_arn=source.arn, status=self.status)
        self._connection = _Connected(consumer, collector)
        await consumer.open(
            address.hostname or "127.0.0.1",
            address.port or 5672,
            username=source.username,
            password=source.password,
            virtual_host=self._mapping.virtual_host,
        )
        self.status.state, self.status.reason = "Enabled", "USER_INITIATED"
        _log.info("mapping %s consumes %s", self._mapping.name, self._mapping.queue)

    def close(self) -> None:
        """Leave the broker; what is not acknowledged returns to its queue, what was read ahead included."""
        if self._connection is not None:
            self._connection.consumer.close()
            self._connection = None

    def stop_after_batch(self) -> bool:
        """Ask `run` to end once the batch in flight is settled; False when none is in flight."""
        self._is_stopping = True
        return self.status.in_flight > 0

    async def _invoke_reading_ahead(self, batch: EventBatch) -> str | None:
        """Invoke the function and collect the next batch meanwhile; return what went wrong, if anything did."""
        reading = asyncio.create_task(self._connected.collector.read_ahead())
        try:
            return await self._invoke(batch)
        finally:
            # Whatever went wrong with reading ahead shows when the next batch is collected.
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _invoke(self, batch: EventBatch) -> str | None:
        """Invoke the function; return what went wrong, if anything did."""
        payload = batch.payload()
        self.status.largest_payload_bytes = max(self.status.largest_payload_bytes, len(payload))
        try:
            result = await self._lambda_service.invoke(
                self._mapping.function, payload, qualifier=self._mapping.qualifier
            )
        except LambdaApiError as refusal:
            return refusal.error_type
        except Exception as failure:
            # On any failure these records were not processed, and the mapping has to go on.
            _log.exception("mapping %s could not invoke %s", self._mapping.name, self._mapping.function)
            return type(failure).__name__
        return f"function error {result.function_error}" if result.function_error else None

    async def _settle(self, batch: EventBatch, problem: str | None) -> None:
        self.status.batches += 1
        if problem is not None:
            await self._requeue(batch, problem)
            return
        consumer = self._connected.consumer
        if self._failures:
            self._failures = 0
            # Before there is room for deliveries: a broker counts one that meets a cancelled consumer.
            await consumer.change_prefetch(self._prefetch)
        consumer.acknowledge(batch.delivery_tags[-1], multiple=True)
        self.status.messages += len(batch)
        self.status.last_result = "OK"

    async def _requeue(self, batch: EventBatch, problem: str) -> None:
        """Give the batch back, and what was read ahead behind it; then read one batch only, until one succeeds."""
        self.status.last_result = "PROBLEM: Function call failed"
        self._failures += 1
        _log.warning("mapping %s requeues %d records: %s", self._mapping.name, len(batch), problem)
        consumer, collector = self._connected
        await consumer.requeue([*batch.delivery_tags, *collector.forget_ahead()], self.requeue_method)
        await consumer.change_prefetch(self._prefetch)

    def _refused(self, refusal: BrokerRefusedError) -> float:
        """Show why the broker refuses; return how long to wait before the next attempt."""
        reason = transition_reason(refusal)
        if reason is None:
            self._lost(refusal)
            return RECONNECT_MIN_S
        if self.status.reason != reason:
            _log.error("mapping %s stops: %s, %s", self._mapping.name, reason, refusal)
        self.status.state, self.status.reason = "Disabled", reason
        return REFUSED_RETRY_S

    def _lost(self, loss: Exception) -> None:
        if not self._is_stopping:
            _log.warning("mapping %s has no broker: %s", self._mapping.name, loss)
            self.status.last_result = (
                "PROBLEM: Connection error. Please check your event source connection configuration."
            )

    @property
    def _connected(self) -> _Connected:
        if self._connection is None:
            raise BrokerConnectionLostError("not connected")
        return self._connection

    @property
    def _prefetch(self) -> int:
        return self._mapping.batch_size * (1 if self._failures else BATCHES_PREFETCHED)
