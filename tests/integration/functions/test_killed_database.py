"""A database that is killed right after an answer keeps the order; an event that comes back is invoiced once.

A published event is deleted without waiting for the disk (migration 0014), so this is what that must not cost.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.functions.conftest import Invoke, Released, close, releasing
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_invoice_consumer import batch, message

from localregion.testing.services import RunningPostgres, RunningRabbitMQ

# `KILLS=1000 make test TESTS=tests/integration/functions/test_killed_database.py` takes some minutes.
KILLS = int(os.environ.get("KILLS", "6"))
# What the run says; a busy machine may be later.
SOON_S = 0.010


@pytest.fixture(scope="module")
def mortal(start_postgres: Callable[..., RunningPostgres], rabbitmq: RunningRabbitMQ) -> Iterator[Released]:
    """Released services with a Postgres of its own, which waits for the disk."""
    with releasing(start_postgres(is_durable=True), rabbitmq) as released:
        yield released


def kill(postgres: RunningPostgres) -> float:
    """SIGKILL to every process of the server at once; returns how long that took."""
    began = time.perf_counter()
    children = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text().split()
    for pid in (postgres.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    return time.perf_counter() - began


def start_again(postgres: RunningPostgres) -> None:
    """A process that began at that very moment ends by itself, and holds the memory until then."""
    postgres.stop()
    deadline = time.monotonic() + 60
    while True:
        try:
            postgres.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def test_no_accepted_order_is_missing_and_what_comes_back_is_invoiced_once(
    mortal: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(mortal)
    invoke, accepted, soon = Invoke(mortal, monkeypatch), [], 0
    for _ in range(KILLS):
        answer = invoke("create_order", post_order())
        soon += kill(mortal.postgres) < SOON_S
        assert answer["statusCode"] == 201
        accepted.append(json.loads(answer["body"])["orderId"])
        start_again(mortal.postgres)
    came_back = mortal.count("orders.outbox")
    with mortal.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    relayed = invoke("outbox_relay", {}, remaining_ms=50_000)
    published = [body for _, body in take(mortal)]
    invoke("invoice_consumer", batch(*map(message, published)))
    for function in invoke.used:
        close(invoke.dependencies(function))

    print(f"{KILLS} times killed, {soon} within {SOON_S} s; {came_back} events came back")  # noqa: T201
    assert [row[0] for row in mortal.query("SELECT order_id::text FROM orders.orders ORDER BY 1")] == sorted(accepted)
    assert 0 < came_back == relayed["published"]
    assert len(published) == KILLS + came_back
    assert mortal.query("SELECT order_id::text FROM invoices.invoices ORDER BY 1") == [
        (one,) for one in sorted(accepted)
    ]
