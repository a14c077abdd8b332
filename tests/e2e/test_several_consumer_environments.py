"""`consumerEnvironments`: the mappings of one queue make one gapless series of invoices, and none twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.e2e.copied_checkout import copy_checkout
from tests.live_system import wait_for

from contracts.topology import ORDER_CREATED_QUEUE
from localregion import http_client
from localregion.testing.fixtures import need_rabbitmq
from outbox import uuid7
from proof.bench.consumer import publish
from proof.bench.events import message_body
from proof.bench.second_system import SecondSystem
from proof.checkout import ROOT

ORDERS = int(os.environ.get("ORDERS", "2000"))
DOUBLED = ORDERS // 10
MADE = "SELECT count(*), count(DISTINCT order_id), min(number), max(number) FROM invoices.invoices"


@pytest.fixture
def system(services_folder: Path) -> Iterator[SecondSystem]:
    """A system of a program whose stack has two environments."""
    need_rabbitmq()
    root = copy_checkout(services_folder / "two")
    (root / ".venv").symlink_to(ROOT / ".venv")
    stack = root / "infra" / "Pulumi.local.yaml"
    stack.write_text(f'{stack.read_text()}  serverless-orders:consumerEnvironments: "2"\n')
    system = SecondSystem(root / ".local", root=root)
    try:
        yield system
    finally:
        system.down()


def test_two_environments_of_a_consumer_share_one_series_of_numbers(system: SecondSystem) -> None:
    system.make_up()
    publish(system, some_twice())

    with psycopg.connect(system.superuser_dsn, autocommit=True) as database:

        def made() -> tuple[int, ...]:
            return database.execute(MADE).fetchone() or ()

        # One more: the order that says that the system is up.
        wait_for(lambda: made()[0] > ORDERS, timeout_s=100, what=made)
        wait_for(lambda: sum(consumed(system)) > ORDERS + DOUBLED, timeout_s=100, what=lambda: consumed(system))
        assert made() == (ORDERS + 1, ORDERS + 1, 1, ORDERS + 1)
    assert len(consumed(system)) == 2
    assert min(consumed(system)) > 0


def some_twice() -> list[bytes]:
    """Orders' events, every tenth of them twice: both environments may have it at the same time."""
    bodies = [message_body(str(uuid7())) for _ in range(ORDERS)]
    return [body for number, body in enumerate(bodies) for body in [body] * (2 if number % 10 == 0 else 1)]


def consumed(system: SecondSystem) -> list[int]:
    """How many messages each mapping of the queue has handed to its alias."""
    status = http_client.call("GET", system.endpoints["aws"] + "/_emulator/status")
    return [each["messages"] for each in status["mappings"] if each["queue"] == ORDER_CREATED_QUEUE]
