"""An outage is waited out as long as the invocation's time allows; any other error ends it at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deliveries.consumer import Consumer
from deliveries.event import Delivery
from deliveries.outages import BACKOFF_MAX_S, DEADLINE_MARGIN_S, wait_out
from deliveries.parking import Parking


class AwayError(Exception):
    """The database is away."""


class Log:
    """Keeps the pauses that are announced."""

    def __init__(self) -> None:
        self.pauses_s: list[object] = []

    def warning(self, msg: object, *, extra: Mapping[str, object]) -> None:
        assert (msg, extra["reason"]) == ("database unavailable, waiting", "away")
        self.pauses_s.append(extra["pause_s"])


class Clock:
    """The time that is left of an invocation; sleeping uses it up."""

    def __init__(self, remaining_s: float) -> None:
        self.left_s = remaining_s

    def remaining_s(self) -> float:
        return self.left_s

    def sleep(self, seconds: float) -> None:
        self.left_s -= seconds


# An order without a body that could be read: the consumer looks for its deaths first, and needs the database for it.
BATCH = [Delivery(queue="q", body=b"{", properties={}, is_redelivered=True)]


def consumer(failures: Iterator[Exception]) -> Consumer[bytes]:
    """One whose database answers every question with the next failure."""

    def connection() -> Any:
        raise next(failures)

    return Consumer(
        connection=connection,
        environment=uuid.UUID(int=1),
        parking=Parking("invoices"),
        decode=lambda delivery: delivery.body,
        store=lambda *_: {},
    )


def away() -> Iterator[Exception]:
    while True:
        yield AwayError("away\n")


def wait(failures: Iterator[Exception], clock: Clock, log: Log) -> None:
    wait_out(
        BATCH,
        consumer=consumer(failures),
        unavailable=(AwayError,),
        log=log,
        remaining_s=clock.remaining_s,
        sleep=clock.sleep,
    )


def test_pauses_grow_and_end_before_the_deadline() -> None:
    clock, log = Clock(remaining_s=40.0), Log()
    with pytest.raises(AwayError):
        wait(away(), clock, log)

    assert log.pauses_s[:3] == [0.1, 0.2, 0.4]
    assert max(log.pauses_s) == BACKOFF_MAX_S  # type: ignore[type-var]
    assert DEADLINE_MARGIN_S <= clock.left_s < DEADLINE_MARGIN_S + BACKOFF_MAX_S


def test_another_error_is_not_waited_out() -> None:
    clock, log = Clock(remaining_s=40.0), Log()
    with pytest.raises(ValueError, match="a bug"):
        wait(iter([AwayError("away"), ValueError("a bug")]), clock, log)

    assert log.pauses_s == [0.1]
