"""Poll one RabbitMQ queue for one function: collect a batch, invoke, acknowledge or requeue; for ever.

A record is acknowledged only after an invocation that had it has succeeded, and one invocation is in flight at a time
(Amazon MQ for RabbitMQ: concurrency 1). Any failure (function error, throttling, missing function, time-out) requeues
the whole batch, without a limit. A batch is what the batch size, the batching window (from its first record on; 500 ms
unless set) or the 6 MB of an invocation allow; a single record beyond 6 MB is dropped as Lambda drops it: acknowledged,
and logged. https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html and .../services-mq-errors.html.

Not documented by AWS and chosen here: the requeue method (hence switchable), prefetch (the batch size) and the pause
before the next attempt after a failure (0.1 s, doubling to 1 s). AWS stops for good at what it calls unrecoverable
(login refused, queue missing); here the mapping shows AWS's reason and tries again every 2 s, so that a system that is
still being set up heals. Filters and scaling are not emulated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from localregion.aws.amqp.connection import BrokerConnectionLostError, BrokerRefusedError
from localregion.aws.amqp.consumer import AmqpConsumer, RequeueMethod
from localregion.aws.event_source_mappings.batch import EventBatch
from localregion.aws.event_source_mappings.sources import EventSource
from localregion.aws.event_source_mappings.status import PollerStatus, transition_reason
from localregion.aws.http.errors import LambdaApiError
from localregion.plan.model import EventSourceMapping

BATCHING_WINDOW_DEFAULT_S = 0.5
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.2, 2.0
REFUSED_RETRY_S = 2.0
FAILURE_PAUSE_MIN_S, FAILURE_PAUSE_MAX_S = 0.1, 1.0
# Records encoded between two turns of the event loop, so that a large batch does not hold up the Invoke API.
_ENCODED_AT_ONCE = 250

_log = logging.getLogger(__name__)


class InvokesFunctions(Protocol):
    """What the mapping needs of `emulator.lambda_service.LambdaService`."""

    async def invoke(self, function_name: str, payload: bytes, *, qualifier: str | None = None) -> Any: ...


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
        self._event_source_arn = ""
        self.requeue_method: RequeueMethod = requeue
        self._consumer: AmqpConsumer | None = None
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
        batch = await self._collect()
        self.status.in_flight = len(batch)
        try:
            problem = await self._invoke(batch)
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
        self._event_source_arn = source.arn
        consumer = AmqpConsumer(queue=self._mapping.queue, prefetch=self._mapping.batch_size)
        self._consumer = consumer
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
        """Leave the broker; what is not acknowledged returns to its queue."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def stop_after_batch(self) -> bool:
        """Ask `run` to end once the batch in flight is settled; False when none is in flight."""
        self._is_stopping = True
        return self.status.in_flight > 0

    async def _collect(self) -> EventBatch:
        batch = EventBatch(
            event_source_arn=self._event_source_arn, queue=self._mapping.queue, virtual_host=self._mapping.virtual_host
        )
        window_ends: float | None = None
        while True:
            self._connected.check()
            await self._fill(batch)
            if batch.is_full or len(batch) == self._mapping.batch_size:
                return batch
            if batch and window_ends is None:
                window_ends = asyncio.get_running_loop().time() + self._window_s
            if batch and not self._connected.is_consuming:
                return batch
            if not batch and not self._connected.is_consuming:
                await self._connected.consume()
            elif not await self._connected.wait_for_deliveries(until=window_ends):
                return batch

    async def _fill(self, batch: EventBatch) -> None:
        """Add what is at hand until the batch is full."""
        consumer = self._connected
        while consumer.deliveries and len(batch) < self._mapping.batch_size:
            if batch.seen % _ENCODED_AT_ONCE == 0:
                await asyncio.sleep(0)
            delivery = consumer.deliveries[0]
            record = batch.encode(delivery)
            if batch.is_too_large_for_any(record):
                self._drop(delivery.delivery_tag, len(record))
            elif not batch.add(delivery.delivery_tag, record):
                return
            consumer.deliveries.popleft()

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
        if problem is None:
            self._connected.acknowledge(batch.delivery_tags[-1], multiple=True)
            self._failures = 0
            self.status.messages += len(batch)
            self.status.last_result = "OK"
            return
        self.status.last_result = "PROBLEM: Function call failed"
        self._failures += 1
        _log.warning("mapping %s requeues %d records: %s", self._mapping.name, len(batch), problem)
        await self._connected.requeue(batch.delivery_tags, self.requeue_method)

    def _drop(self, delivery_tag: int, size: int) -> None:
        self._connected.acknowledge(delivery_tag, multiple=False)
        self.status.dropped += 1
        _log.error(
            "mapping %s drops a record of %s: its %d encoded bytes exceed the 6 MB of an invocation, as AWS documents",
            self._mapping.name,
            self._mapping.queue,
            size,
        )

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
    def _connected(self) -> AmqpConsumer:
        if self._consumer is None:
            raise BrokerConnectionLostError("not connected")
        return self._consumer

    @property
    def _window_s(self) -> float:
        window_s = self._mapping.batching_window_s
        return BATCHING_WINDOW_DEFAULT_S if window_s is None else window_s
