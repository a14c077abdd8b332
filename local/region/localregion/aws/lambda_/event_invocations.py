"""Asynchronous invocations (type Event): accepted at once, tried again as Lambda does.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: after a function error twice more,
about one and two minutes later, under the same request id; when throttled with growing back-off for up to six hours.
A function's event invoke config may say less of either.
Unlike Lambda's, the queue is in memory: what waits is lost when the emulator ends. Left out: destinations and
dead-letter queues.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from localregion.aws.http.errors import LambdaApiError, TooManyRequestsError
from localregion.aws.lambda_.functions.names import LATEST, parse_function_name
from localregion.aws.lambda_.service import InvokeResult
from localregion.aws.settings import EVENT_RETRY_DELAYS_S
from localregion.plan.model import EventInvokeConfig

THROTTLE_DELAY_S = 1.0
THROTTLE_DELAY_MAX_S = 300.0
EVENT_AGE_MAX_S = 21_600.0
_log = logging.getLogger("emulator.events")


@dataclass(frozen=True, kw_only=True)
class RetryDelays:
    """Seconds before each further attempt after a function error, and before the first one after throttling."""

    function_error_s: tuple[float, ...] = EVENT_RETRY_DELAYS_S
    throttled_s: float = THROTTLE_DELAY_S


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted event."""

    function_name: str
    payload: bytes
    qualifier: str | None = None
    trace_id: str | None = None


class InvokesEvents(Protocol):
    """What this needs of `LambdaService`."""

    async def invoke(
        self,
        function_name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> InvokeResult: ...


class EventInvocations:
    """The events that are accepted and not yet done."""

    def __init__(
        self,
        service: InvokesEvents,
        delays: RetryDelays | None = None,
        *,
        configs: Sequence[EventInvokeConfig] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._delays = delays or RetryDelays()
        self._configs: dict[tuple[str, str], EventInvokeConfig] = {}
        self.configure(configs)
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def configure(self, configs: Sequence[EventInvokeConfig]) -> None:
        """Have these configurations for events that come from now on."""
        self._configs = {(config.function, config.qualifier or LATEST): config for config in configs}

    def submit(self, event: Event) -> str:
        """Accept an event for a function that exists; return its request id."""
        request_id = str(uuid.uuid4())
        task = asyncio.get_running_loop().create_task(self._process(event, request_id))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return request_id

    @property
    def pending(self) -> int:
        """How many events are not done."""
        return len(self._tasks)

    def close(self) -> None:
        """Forget what waits; what runs is left to its execution environment."""
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the emulator failed over an event, which is lost", exc_info=error)

    async def _process(self, event: Event, request_id: str) -> None:
        delays_s, age_max_s = self._limits(event)
        expires_at = self._clock() + age_max_s
        for delay_s in (*delays_s, None):
            result = await self._invoke_when_possible(event, request_id, expires_at)
            if result is not None and result.function_error is None:
                return
            if result is None or delay_s is None or not await self._wait(delay_s, expires_at):
                break
        _log.warning("event %s of %s failed for good and is discarded", request_id, event.function_name)

    def _limits(self, event: Event) -> tuple[tuple[float, ...], float]:
        """The pauses before each retry after a function error, and the age at which an event is discarded."""
        delays_s = self._delays.function_error_s
        name, qualifier = parse_function_name(event.function_name, event.qualifier)
        config = self._configs.get((name, qualifier or LATEST))
        if config is None:
            return delays_s, EVENT_AGE_MAX_S
        retries, age_s = config.maximum_retry_attempts, config.maximum_event_age_s
        return delays_s if retries is None else delays_s[:retries], EVENT_AGE_MAX_S if age_s is None else age_s

    async def _invoke_when_possible(self, event: Event, request_id: str, expires_at: float) -> InvokeResult | None:
        """Invoke as soon as the function is not throttled any more; None when that took too long."""
        for attempt in itertools.count():
            try:
                return await self._service.invoke(
                    event.function_name,
                    event.payload,
                    qualifier=event.qualifier,
                    trace_id=event.trace_id,
                    request_id=request_id,
                )
            except TooManyRequestsError:
                delay_s = min(self._delays.throttled_s * 2.0 ** min(attempt, 20), THROTTLE_DELAY_MAX_S)
            except LambdaApiError:
                # Deleted meanwhile: there is nothing to be tried again.
                return None
            if not await self._wait(delay_s, expires_at):
                return None
        return None

    async def _wait(self, delay_s: float, expires_at: float) -> bool:
        """Wait before the next attempt; False when the event is too old by then."""
        if self._clock() + delay_s > expires_at:
            return False
        await asyncio.sleep(delay_s)
        return True
