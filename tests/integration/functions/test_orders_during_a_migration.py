"""Orders go on while a release changes a table that a long report reads: nobody is refused, nobody waits long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import migrations
import pytest
from sqlalchemy import URL
from tests.integration.functions.conftest import DATABASE, PASSWORD, Context
from tests.integration.functions.http_events import post_order
from tests.integration.migrations.longer_history import longer_history

STEPS = [
    (
        'op.execute("SET LOCAL ROLE orders_owner; ALTER TABLE orders.orders ADD COLUMN note text; RESET ROLE")',
        'op.execute("SET LOCAL ROLE orders_owner; ALTER TABLE orders.orders DROP COLUMN note; RESET ROLE")',
    ),
    (
        'create_index("orders_customer_id", table="orders.orders", columns="(customer_id, created_at)")',
        'drop_index("orders_customer_id", table="orders.orders")',
    ),
]
# What a migration may hold up, and as much again for a machine that is busy.
LATENCY_MAX_S = 1.0


class Customer(threading.Thread):
    """Orders one after the other until told to stop, with the function's own handler."""

    def __init__(self, order: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self._order = order
        self._ending = threading.Event()
        self.statuses: list[int] = []
        self.latencies_s: list[float] = []

    def run(self) -> None:
        while not self._ending.is_set():
            started = time.monotonic()
            self.statuses.append(self._order())
            self.latencies_s.append(time.monotonic() - started)

    def stop(self) -> None:
        self._ending.set()
        self.join(20)


@pytest.fixture
def customer(invoke: Any) -> Iterator[Customer]:
    invoke.dependencies("create_order")
    handler = invoke._module("create_order", "handler").lambda_handler
    ordering = Customer(lambda: int(handler(post_order(), Context())["statusCode"]))
    yield ordering
    ordering.stop()


@pytest.fixture
def url(empty: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[URL]:
    """The released database, for a history that is two migrations longer."""
    address = URL.create("postgresql+psycopg", "master", PASSWORD, empty.postgres.host, empty.postgres.port, DATABASE)
    newest = migrations.head()
    monkeypatch.setattr(migrations, "configuration", longer_history(tmp_path, STEPS))
    yield address
    migrations.downgrade(address, newest)


def test_orders_go_on_beside_a_long_reader_and_a_migration(empty: Any, url: URL, customer: Customer) -> None:
    customer.start()
    with empty.admin() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM orders.orders")
        migrating = threading.Thread(target=migrations.upgrade, args=[url])
        migrating.start()
        wait_until(lambda: lock_waits(empty))
        wait_until(lambda: not lock_waits(empty))
        wait_until(lambda: lock_waits(empty))
        with_reader = len(customer.statuses)
    migrating.join(30)
    wait_until(lambda: len(customer.statuses) > with_reader)
    customer.stop()

    assert not migrating.is_alive()
    assert empty.query("SELECT version_num FROM alembic_version") == [("test2",)]
    assert with_reader > 0
    assert set(customer.statuses) == {201}
    assert max(customer.latencies_s) < LATENCY_MAX_S
    assert empty.count("orders.orders") == len(customer.statuses)


def test_orders_go_on_while_an_index_waits_for_a_long_reader(empty: Any, url: URL, customer: Customer) -> None:
    migrations.upgrade(url, "test1")
    customer.start()
    with empty.admin() as reader, reader.transaction():
        # Only a transaction that keeps its snapshot is waited for.
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM orders.orders")
        migrating = threading.Thread(target=migrations.upgrade, args=[url])
        migrating.start()
        wait_until(lambda: lock_waits(empty))
        waiting = len(customer.statuses)
        wait_until(lambda: len(customer.statuses) > waiting + 50)
        assert lock_waits(empty)
    migrating.join(30)
    customer.stop()

    assert empty.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders.orders_customer_id'::regclass") == [
        (True,)
    ]
    assert set(customer.statuses) == {201}
    assert max(customer.latencies_s) < LATENCY_MAX_S


def lock_waits(empty: Any) -> bool:
    """Whether the migration waits for a lock."""
    return empty.query(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND usename = 'master'"
    ) != [(0,)]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
