"""Cancellations beside each other and beside what else wants the order's row, its key or its table.

Each has a connection of its own with the function's login, its rights and its time-outs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import DATABASE, PASSWORD
from tests.integration.functions.http_events import cancel, post_order
from tests.integration.functions.payments import told
from tests.integration.functions.test_cancel_order import events, ordered

from cancel_order.cancellations import Stored, _cancellation
from cancel_order.http_messages import parse
from cancel_order.repository import PostgresCancellationRepository
from contracts.errors import OrderPaidError, RequestInProgressError
from order_updater.storing import UPDATE_ORDERS

CLIENTS = 50
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'cancel_order'"
Repositories = Callable[[], PostgresCancellationRepository]


class Own:
    """A database that is one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def run(self, work: Any) -> Any:
        return work(self._connection)


@pytest.fixture
def repositories(empty: Any) -> Iterator[Repositories]:
    """Make repositories as environments of the function have them."""
    connections: list[psycopg.Connection[Any]] = []

    def new() -> PostgresCancellationRepository:
        connection = psycopg.connect(
            empty.postgres.dsn, dbname=DATABASE, user="cancel_order", password=PASSWORD, autocommit=True
        )
        connections.append(connection)
        return PostgresCancellationRepository(Own(connection), idempotency_ttl_hours=24)  # type: ignore[arg-type]

    yield new
    for connection in connections:
        connection.close()


def cancellation(order_id: str, key: str | None = None) -> Any:
    return _cancellation(parse(cancel(order_id, key=key)), lambda message: message)


def insisting(repository: PostgresCancellationRepository, order_id: str, key: str | None) -> Stored:
    """As a client that takes 409 request-in-progress and 503 for what they say."""
    while True:
        try:
            return repository.cancel(cancellation(order_id, key), due_in_s=60)
        except (RequestInProgressError, psycopg.errors.LockNotAvailable):
            continue


def until_it_waits(empty: Any) -> None:
    deadline = time.monotonic() + 10
    while not empty.query(WAITING):
        assert time.monotonic() < deadline, "nothing waits for a lock"


@pytest.mark.parametrize("key", [None, "K"])
def test_fifty_at_once_cancel_once(empty: Any, invoke: Any, repositories: Repositories, key: str | None) -> None:
    order_id = ordered(invoke)
    clients, together = [repositories() for _ in range(CLIENTS)], threading.Barrier(CLIENTS)

    def send(client: PostgresCancellationRepository) -> Stored:
        together.wait()
        return insisting(client, order_id, key)

    with ThreadPoolExecutor(CLIENTS) as threads:
        outcomes = list(threads.map(send, clients))

    assert sum(each.has_event for each in outcomes) == 1
    assert empty.count("orders.outbox") == 1
    assert len({each.response_body for each in outcomes}) == 1
    assert sum(each.request_hash is not None for each in outcomes) == (0 if key is None else CLIENTS - 1)


def test_fifty_keys_at_once_cancel_once(empty: Any, invoke: Any, repositories: Repositories) -> None:
    """Each is an answer of its own, and none of them waits for another in a circle."""
    order_id = ordered(invoke)
    clients, together = [repositories() for _ in range(CLIENTS)], threading.Barrier(CLIENTS)

    def send(number: int) -> Stored:
        together.wait()
        return insisting(clients[number], order_id, f"K{number}")

    with ThreadPoolExecutor(CLIENTS) as threads:
        outcomes = list(threads.map(send, range(CLIENTS)))

    assert sum(each.has_event for each in outcomes) == 1
    assert (empty.count("orders.outbox"), empty.count("orders.idempotency_keys")) == (1, CLIENTS)


def test_an_order_that_is_paid_first_stays_paid(empty: Any, invoke: Any, repositories: Repositories) -> None:
    order_id = ordered(invoke)
    with ThreadPoolExecutor(1) as thread:
        with empty.admin() as connection, connection.transaction():
            connection.execute(UPDATE_ORDERS, {"order_ids": [order_id], "versions": [1], "statuses": ["paid"]})
            sent = thread.submit(repositories().cancel, cancellation(order_id, "K"), due_in_s=60)
            until_it_waits(empty)
        with pytest.raises(OrderPaidError):
            sent.result()

    assert (empty.count("orders.outbox"), empty.count("orders.idempotency_keys")) == (0, 0)
    assert empty.query("SELECT status FROM orders.orders") == [("paid",)]


def test_an_order_that_is_canceled_first_stays_canceled(
    empty: Any, invoke: Any, repositories: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update waits for the cancellation, which stands just before its commit, and then changes nothing."""
    order_id, updated = ordered(invoke), []
    canceling = repositories()

    def pay() -> int:
        with empty.admin() as connection:
            parameters = {"order_ids": [order_id], "versions": [1], "statuses": ["paid"]}
            return int(connection.execute(UPDATE_ORDERS, parameters).rowcount)

    with ThreadPoolExecutor(1) as thread:
        work = canceling._database.run

        def held(cancel_it: Any) -> Any:
            def inside(connection: psycopg.Connection[Any]) -> Any:
                with connection.transaction():
                    stored = cancel_it(connection)
                    updated.append(thread.submit(pay))
                    deadline = time.monotonic() + 10
                    while not empty.query("SELECT FROM pg_locks WHERE NOT granted"):
                        assert time.monotonic() < deadline, "the update does not wait"
                return stored

            return work(inside)

        monkeypatch.setattr(canceling._database, "run", held)
        assert canceling.cancel(cancellation(order_id), due_in_s=60).has_event
        assert updated[0].result() == 0

    assert empty.query("SELECT status, invoice_version FROM orders.orders") == [("canceled", 0)]
    assert empty.count("orders.outbox") == 1


@pytest.mark.parametrize("key", [None, "K"])
def test_the_repetition_after_a_lost_commit_is_the_first_answer(
    empty: Any, invoke: Any, repositories: Repositories, key: str | None
) -> None:
    """Its event is published at once, too; that of another request is not this one's."""
    order_id = ordered(invoke)
    ours = cancellation(order_id, key)
    first, second = (repositories().cancel(ours, due_in_s=60) for _ in range(2))
    other = repositories().cancel(cancellation(order_id, key), due_in_s=60)

    assert first == second
    assert (second.has_event, second.request_hash) == (True, None)
    assert (other.has_event, other.request_hash is None) == (False, key is None)
    assert empty.count("orders.outbox") == 1


def test_a_running_original_is_a_conflict(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    with empty.admin() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO orders.idempotency_keys SELECT 'demo', 'K', sha256('x'), order_id, '{}', now(),"
            " now() + interval '1 day' FROM orders.orders"
        )
        answer = invoke("cancel_order", cancel(order_id, key="K"))
        assert told(answer)[1]["type"].endswith(":request-in-progress")
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "1")
        assert told(invoke("cancel_order", cancel(order_id, key="another")))[0] == 200


def test_an_expired_key_that_is_being_used_again_is_a_conflict(empty: Any, invoke: Any) -> None:
    one, other = ordered(invoke), ordered(invoke)
    invoke("cancel_order", cancel(one, key="K"))
    with empty.admin() as connection, connection.transaction():
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h'"
        )
        answer = invoke("cancel_order", cancel(other, key="K"))

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "1")


@pytest.mark.parametrize("key", [None, "K"])
@pytest.mark.parametrize(
    "lock",
    [
        "LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE",
        "LOCK TABLE orders.outbox IN ACCESS EXCLUSIVE MODE",
        "SELECT FROM orders.orders FOR UPDATE",
    ],
    ids=["a migration of orders", "a migration of the outbox", "the order's row"],
)
def test_another_lock_is_a_503_and_changes_nothing(empty: Any, invoke: Any, lock: str, key: str | None) -> None:
    order_id = ordered(invoke)
    with empty.admin() as connection, connection.transaction():
        connection.execute(lock)
        answer = invoke("cancel_order", cancel(order_id, key=key))

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
    assert (empty.count("orders.outbox"), empty.count("orders.idempotency_keys")) == (0, 0)
    answer = invoke("cancel_order", cancel(order_id, key=key))
    assert (answer["statusCode"], "Idempotent-Replayed" in answer["headers"]) == (200, False)


def test_without_a_database_the_answer_is_503(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    empty.postgres.stop()
    try:
        answer = invoke("cancel_order", cancel(order_id))
    finally:
        empty.postgres.start()

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
    assert told(invoke("cancel_order", cancel(order_id)))[0] == 200


def test_a_frozen_broker_costs_no_cancellation(empty: Any, invoke: Any, kept_channel: Any) -> None:
    order_ids = [ordered(invoke) for _ in range(3)]
    empty.rabbitmq.freeze()
    try:
        for order_id in order_ids:
            assert told(invoke("cancel_order", cancel(order_id)))[0] == 200
    finally:
        empty.rabbitmq.thaw()
    assert empty.count("orders.outbox") == 3
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    assert invoke("outbox_relay", {})["published"] == 3
    # Sent and not confirmed may mean taken, so each is there once or twice.
    assert 3 <= len(events(kept_channel)) <= 6


def test_a_key_of_a_cancellation_under_way_creates_no_order(
    empty: Any, invoke: Any, repositories: Repositories
) -> None:
    order_id = ordered(invoke)
    insisting(repositories(), order_id, "K")
    assert told(invoke("create_order", post_order(key="K")))[0] == 422
    assert empty.count("orders.orders") == 1
