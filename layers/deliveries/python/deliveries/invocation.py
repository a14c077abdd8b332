"""One invocation of a consumer: its span, its deadline, its log line. Raising gives the whole batch back.

There is no partial success with Amazon MQ: returning acks the batch, raising requeues all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from deliveries import event as deliveries_event
from deliveries import spans
from deliveries.consumer import Consumer, Report
from deliveries.outages import wait_out
from postgres import Database
from tracing import Tracing

# What is left of the invocation when a database that says nothing is hung up on: enough to fail, and so to requeue.
HANG_UP_MARGIN_S = 5.0


class Dependencies(Protocol):
    """What a consumer is made of."""

    @property
    def database(self) -> Database: ...
    @property
    def consumer(self) -> Consumer[Any]: ...
    @property
    def tracing(self) -> Tracing: ...
    @property
    def logger(self) -> Any: ...


def work_off(
    event: Mapping[str, Any],
    context: Any,
    *,
    name: str,
    done: str,
    deps: Dependencies,
    unavailable: tuple[type[Exception], ...],
) -> Report:
    """Consume the event's batch in the function of this name; `done` begins the log line of what came of it."""
    log = deps.logger
    log.set_correlation_id(context.aws_request_id)
    with deps.tracing.invocation(name, context=context, trigger="pubsub"):
        deps.database.finish_within(_remaining_s(context) - HANG_UP_MARGIN_S)
        batch = list(deliveries_event.deliveries(event))
        with spans.process(deps.tracing, batch) as span:
            report = wait_out(
                batch,
                consumer=deps.consumer,
                unavailable=unavailable,
                log=log,
                remaining_s=partial(_remaining_s, context),
            )
            span.set({f"batch.{name}": count for name, count in report.items() if name != "messages"})
        write: Callable[..., None] = log.warning if report["parked"] else log.info
        write(done, extra=dict(report))
        return report


def _remaining_s(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000
