"""A batch that comes again: who killed the function, what was done before, and what is nobody's fault."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.integration.functions.test_invoice_consumer import again, batch, message, order_body, run

from deliveries import consumer as consumer_module
from deliveries import trial
from deliveries.consumer import DEATHS_MAX, DIED_ALONE, KILLER, DeadlineNearError
from deliveries.event import Delivery, deliveries
from deliveries.parking import Parking
from invoice_consumer import invoices, repository


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the function gets to handle it."""


def die_over(body: bytes, patch: pytest.MonkeyPatch) -> None:
    """Have decoding this body end its process: the test's own by an exception, any other by SIGKILL."""
    decode, environment = invoices.decode, os.getpid()

    def die(delivery: Delivery) -> Any:
        if delivery.body != body:
            return decode(delivery)
        if os.getpid() != environment:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Killed

    patch.setattr(invoices, "decode", die)


def test_a_message_that_kills_is_parked_at_the_third_attempt(
    empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = batch(*(message(order_body()) for _ in range(150)), message(b"killer"), message(order_body()))
    die_over(b"killer", monkeypatch)
    with pytest.raises(Killed):
        run(environment(), event)
    assert empty.count("invoices.invoices") == 0
    with pytest.raises(Killed):
        run(environment(), again(event))
    run(environment(), again(event))

    assert empty.query("SELECT body, reason FROM invoices.parked_messages") == [(b"killer", DIED_ALONE)]
    assert empty.query("SELECT count(*), max(number) FROM invoices.invoices") == [(151, 151)]
    assert empty.count("invoices.delivery_attempts") == 0


def test_an_environment_that_survives_counts_no_death(empty: Any, environment: Any) -> None:
    """An outage that ends each invocation at its deadline must never park a valid order."""
    event = again(batch(*(message(order_body()) for _ in range(3))))
    consumer = environment()
    fingerprints = [delivery.fingerprint() for delivery in deliveries(event)]
    for _ in range(5):
        consumer.parking.begin_attempts(consumer.connection(), fingerprints, environment=consumer.environment)
    run(consumer, event)

    assert empty.count("invoices.invoices") == 3
    assert empty.count("invoices.parked_messages") == 0


def test_a_lock_outage_over_two_environments_is_no_death(empty: Any, environment: Any) -> None:
    event = again(batch(message(order_body())))
    first, second = environment(), environment()
    with empty.admin() as blocker, blocker.transaction():
        blocker.execute("SELECT FROM invoices.invoice_counter FOR UPDATE")
        for consumer in (first, second, first, second):
            consumer.connection().execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                run(consumer, event)
    run(second, event)

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (1, 0)


def test_kills_while_the_database_works_are_no_deaths(
    empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = again(batch(message(order_body())))

    def die(*_: Any, **__: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(repository, "issue_invoices", die)
        for _ in range(4):
            with pytest.raises(Killed):
                run(environment(), event)
    run(environment(), event)

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (1, 0)


@pytest.mark.parametrize("moment", ["begin_attempts", "mark_decoded"])
def test_kills_around_decoding_park_no_valid_order(
    empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Right after the note is committed, or right before it is taken back."""
    event = again(batch(*(message(order_body()) for _ in range(3))))
    note = Parking.begin_attempts

    def die(*arguments: Any, **options: Any) -> Any:
        if moment == "begin_attempts":
            note(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Parking, moment, die)
        for _ in range(DEATHS_MAX - 1):
            with pytest.raises(Killed):
                run(environment(), event)
    run(environment(), event)

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (3, 0)
    assert empty.count("invoices.delivery_attempts") == 0


def test_copies_of_a_killer_are_parked_together(empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = message(b"killer", messageId="m-1")
    event = again(batch(copy, message(order_body()), copy))
    die_over(b"killer", monkeypatch)
    with pytest.raises(Killed):
        run(environment(), event)
    run(environment(), event)

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (1, 1)
    assert empty.count("invoices.delivery_attempts") == 0


def test_what_takes_its_trial_and_the_environment_at_once_is_parked_in_the_end(
    empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = again(batch(message(b"killer"), message(order_body())))

    def die(group: Any, decode: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(consumer_module, "sort_out", die)
        with pytest.raises(Killed):
            run(environment(), event)
    monkeypatch.setattr(
        trial, "survives", lambda group, decode: die(group, decode) if group[0].body == b"killer" else True
    )
    for _ in range(DEATHS_MAX - 1):
        with pytest.raises(Killed):
            run(environment(), event)
    run(environment(), event)

    assert empty.query("SELECT body, reason FROM invoices.parked_messages") == [(b"killer", KILLER)]
    assert empty.count("invoices.invoices") == 1


def test_what_was_decoded_by_other_code_is_not_trusted_blindly(
    empty: Any, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release in the middle of a batch, whose code dies over what the code before had marked."""
    event = again(batch(message(b"killer"), message(order_body())))
    fingerprints = [delivery.fingerprint() for delivery in deliveries(event)]
    first = environment()
    first.parking.begin_attempts(first.connection(), fingerprints, environment=first.environment)
    first.parking.mark_decoded(first.connection(), fingerprints)
    die_over(b"killer", monkeypatch)
    with pytest.raises(Killed):
        run(environment(), event)
    run(environment(), event)

    assert empty.query("SELECT body, reason FROM invoices.parked_messages") == [(b"killer", DIED_ALONE)]
    assert empty.count("invoices.invoices") == 1


@pytest.mark.parametrize("way", ["memory", "time"])
def test_a_trial_ends_what_takes_too_much(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    def decode(_: Delivery) -> Any:
        return bytearray(1 << 33) if way == "memory" else time.sleep(60)

    monkeypatch.setattr(invoices, "decode", decode)
    monkeypatch.setattr(trial, "TIMEOUT_S", 0.2)
    assert not trial.survives(list(deliveries(batch(message(b"greedy")))), invoices.decode)


def test_a_trial_that_was_killed_from_outside_is_held_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine ran out of memory, say: the first process dies, and the message had nothing to do with it."""
    first = tmp_path / "the first has been"

    def decode(_: Delivery) -> Any:
        if not first.exists():
            first.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(invoices, "decode", decode)
    assert trial.survives(list(deliveries(batch(message(order_body())))), invoices.decode)
    assert first.exists()


def test_a_trial_that_ended_while_its_parent_was_frozen_keeps_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    kill = os.kill

    def kill_late(pid: int, number: int) -> None:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        kill(pid, number)

    # The time is over at the first look, and by then the child has ended.
    monkeypatch.setattr(trial, "TIMEOUT_S", 0.0)
    monkeypatch.setattr(os, "kill", kill_late)
    assert trial.survives(list(deliveries(batch(message(order_body())))), invoices.decode)


def test_near_its_deadline_the_rest_waits_for_the_next_delivery(empty: Any, environment: Any) -> None:
    event = again(batch(*(message(order_body()) for _ in range(250))))
    checks = iter([False, False, True])
    with pytest.raises(DeadlineNearError):
        environment().consume(list(deliveries(event)), is_deadline_near=lambda: next(checks))
    assert empty.count("invoices.invoices") == 200
    run(environment(), event)
    assert empty.query("SELECT count(*), max(number) FROM invoices.invoices") == [(250, 250)]


# How many of its steps a delivery has time for.
STEPS = 4


def test_each_delivery_begins_where_the_one_before_ended(empty: Any, environment: Any) -> None:
    """A delivery's time is enough for some groups of many."""
    event, counts = again(batch(*(message(order_body()) for _ in range(1000)))), [0]
    consumer = environment()
    while counts[-1] < 1000:
        steps = iter(range(STEPS))
        with contextlib.suppress(DeadlineNearError):
            consumer.consume(list(deliveries(event)), is_deadline_near=lambda steps=steps: next(steps, None) is None)
        counts.append(empty.count("invoices.invoices"))
        assert counts[-1] > counts[-2], counts
    assert len(counts) > 3, "one delivery did it all"
    run(consumer, event)

    assert empty.query("SELECT count(*), max(number) FROM invoices.invoices") == [(1000, 1000)]
    assert empty.count("invoices.delivery_attempts") == 0
