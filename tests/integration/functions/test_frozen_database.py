"""Postgres that is frozen takes connections and says nothing: functions give up in time, and work afterwards."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Context
from tests.integration.functions.http_events import cancel, get, post_order
from tests.integration.functions.payments import payment
from tests.integration.functions.test_invoice_consumer import batch, message, order_body
from tests.integration.functions.test_order_updater import batch as invoices_batch
from tests.integration.functions.test_order_updater import changed

import postgres.connection
from postgres.connection import SilentServerError

# The functions behind the gateway have 10 s and shall keep a few of them.
ANSWERED_WITHIN_S = 6.0


@contextmanager
def frozen(released: Any) -> Iterator[None]:
    """Stop the server with all its processes: each connection is one of its own."""
    released.postgres.freeze()
    try:
        yield
    finally:
        released.postgres.thaw()


@contextmanager
def lasting_at_most(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@dataclass(frozen=True)
class Call:
    """One invocation while nothing answers; `status` None means that it fails, so that its batch comes again."""

    function: str
    event: dict[str, Any]
    remaining_ms: int
    gives_up_within_s: float
    status: int | None = None


def requests_and_batches() -> list[Call]:
    """Made when they are sent: a webhook's signature is good for five minutes."""
    return [
        Call("create_order", post_order(), 10_000, ANSWERED_WITHIN_S, status=503),
        Call("cancel_order", cancel("0198f8a0-0000-7000-8000-000000000001"), 10_000, ANSWERED_WITHIN_S, status=503),
        # An order that is not there: /health repeats what it found a moment before.
        Call("get_order", get("/orders/0198f8a0-0000-7000-8000-000000000001"), 10_000, ANSWERED_WITHIN_S, status=503),
        Call("record_payment", payment("0198f8a0-0000-7000-8000-000000000001"), 10_000, ANSWERED_WITHIN_S, status=503),
        Call("invoice_consumer", batch(message(order_body())), 9_000, 8.0),
        Call("order_updater", invoices_batch(changed("0198f8a0-0000-7000-8000-000000000001", 1, "paid")), 9_000, 8.0),
    ]


SCHEDULED = [
    Call("outbox_relay", {}, 50_000, ANSWERED_WITHIN_S),
    Call("operations", {"operation": "audit"}, 50_000, ANSWERED_WITHIN_S),
]


@pytest.mark.parametrize(("idle_s", "scheduled"), [(2.0, []), (40.0, SCHEDULED)], ids=["idle 2 s", "idle 40 s"])
def test_every_function_gives_up_before_its_deadline(
    empty: Any, invoke: Any, idle_s: float, scheduled: list[Call]
) -> None:
    calls = requests_and_batches() + scheduled
    for call in calls:
        invoke(call.function, call.event, remaining_ms=call.remaining_ms)
        invoke.dependencies(call.function).database._used_at -= idle_s
    with frozen(empty), ThreadPoolExecutor(len(calls)) as threads:
        outcomes = list(threads.map(outcome, calls))

    for call, (answer, duration_s) in zip(calls, outcomes, strict=True):
        assert duration_s < call.gives_up_within_s, (call.function, duration_s)
        if call.status is None:
            assert isinstance(answer, psycopg.OperationalError), (call.function, answer)
        else:
            assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (call.status, "2")
    for call in calls:
        answer = invoke(call.function, call.event, remaining_ms=call.remaining_ms)
        assert answer.get("statusCode", 200) in (200, 201, 404)


def outcome(call: Call) -> tuple[Any, float]:
    """Invoke the warm handler; what it answered or raised, and after how long."""
    handler = importlib.import_module(f"{call.function}.handler").lambda_handler
    started = time.monotonic()
    try:
        answer = handler(call.event, Context(remaining_ms=call.remaining_ms))
    except Exception as error:
        answer = error
    return answer, time.monotonic() - started


def test_a_commit_is_waited_for_no_longer_than_the_invocation_lasts(empty: Any, invoke: Any) -> None:
    """Frozen in the middle of a transaction; the server rolls it back when it finds that its client has gone."""
    invoke("outbox_relay", {}, remaining_ms=50_000)
    database = invoke.dependencies("outbox_relay").database
    database.finish_within(3.0)
    connection = database.connection()
    try:
        with lasting_at_most(4.0), pytest.raises(SilentServerError), connection.transaction():
            empty.postgres.freeze()
        assert connection.closed
    finally:
        empty.postgres.thaw()
    database.finish_within(10.0)
    assert database.connection().execute("SELECT 1").fetchone() == (1,)


def test_a_statement_is_waited_for_no_longer_than_the_function_says(
    empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without a word about the invocation's time."""
    database = invoke.dependencies("operations").database
    connection = database.connection()
    monkeypatch.setattr(database, "_hang_up_after_s", 0.5)
    with lasting_at_most(2.0), pytest.raises(SilentServerError):
        connection.execute("SELECT pg_sleep(5)")


def test_the_second_address_of_a_name_gets_its_turn(empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """RDS Proxy has an address in each zone; here nothing listens on the first."""
    found = [(None, None, None, "", (address, empty.postgres.port)) for address in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(postgres.connection, "resolve", lambda *_: found)
    assert invoke("create_order", post_order())["statusCode"] == 201
