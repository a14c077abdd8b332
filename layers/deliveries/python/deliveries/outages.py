"""While the database is away an invocation waits for it, instead of sending its batch round and round.

Requeueing is immediate, and a batch that comes back and fails again would only load the broker. The wait ends with the
invocation's time: then the error goes to Lambda, and the mapping requeues the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from deliveries.consumer import Consumer, Report
from deliveries.event import Delivery

# What is left of the invocation when it stops trying: enough to roll back and answer.
DEADLINE_MARGIN_S = 10.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0


class Log(Protocol):
    """What of a Powertools Logger is used."""

    def warning(self, msg: object, *, extra: Mapping[str, object]) -> None: ...


def wait_out(
    batch: Sequence[Delivery],
    *,
    consumer: Consumer[Any],
    unavailable: tuple[type[Exception], ...],
    log: Log,
    remaining_s: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Consume the batch, again and again while the database is `unavailable`. Raises once the deadline is near."""
    pause_s = BACKOFF_FIRST_S
    while True:
        try:
            return consumer.consume(batch, is_deadline_near=lambda: remaining_s() < DEADLINE_MARGIN_S)
        except unavailable as error:
            if remaining_s() < DEADLINE_MARGIN_S + pause_s:
                raise
            log.warning("database unavailable, waiting", extra={"reason": str(error).strip(), "pause_s": pause_s})
        sleep(pause_s)
        pause_s = min(2 * pause_s, BACKOFF_MAX_S)
