"""Orders hear of their invoices: whatever comes in which order and how often, the newest version counts."""

from __future__ import annotations

import itertools
import json
import os
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import PASSWORD
from tests.integration.functions.http_events import cancel
from tests.integration.functions.test_cancel_order import ordered
from tests.integration.functions.test_invoice_consumer import message

from contracts.topology import BY_DEAD_LETTER_QUEUE, INVOICE_CHANGED_QUEUE
from deliveries.consumer import DIED_ALONE, Consumer
from deliveries.event import Delivery, deliveries
from deliveries.parking import Parking
from order_updater import invoices
from order_updater.storing import store

TYPES = {"paid": "invoice.paid.v1", "issued": "invoice.reopened.v1"}


def changed(order_id: str, version: int, status: str) -> dict[str, Any]:
    body = {
        "orderId": order_id,
        "invoiceId": order_id,
        "number": 1,
        "version": version,
        "amount": 1999,
        "currency": "BRL",
        "customer": {"id": "demo"},
        "occurredAt": "2026-11-22T13:42:18.184Z",
    }
    return message(json.dumps(body).encode(), type=TYPES[status])


def batch(*messages: dict[str, Any], queue: str = INVOICE_CHANGED_QUEUE, again: bool = False) -> dict[str, Any]:
    return {"rmqMessagesByQueue": {f"{queue}::/": [{**each, "redelivered": again} for each in messages]}}


def status_of(empty: Any, order_id: str) -> str:
    return str(empty.query("SELECT status FROM orders.orders WHERE order_id = %s", order_id)[0][0])


EVENTS = ((1, "paid"), (2, "issued"), (3, "paid"))


@pytest.mark.parametrize("order", [*itertools.permutations(EVENTS)], ids=str)
def test_the_newest_version_counts_in_any_order_and_twice(empty: Any, invoke: Any, order: Any) -> None:
    one, together = ordered(invoke), ordered(invoke)
    for version, status in [*order, *order]:
        invoke("order_updater", batch(changed(one, version, status)))
    invoke("order_updater", batch(*(changed(together, *each) for each in [*order, *order])))

    assert (status_of(empty, one), status_of(empty, together)) == ("paid", "paid")
    assert {row[0] for row in empty.query("SELECT invoice_version FROM orders.orders")} == {3}


def test_an_order_is_open_again_when_its_invoice_is(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    invoke("order_updater", batch(changed(order_id, 1, "paid")))
    invoke("order_updater", batch(changed(order_id, 2, "issued")))

    assert status_of(empty, order_id) == "pending"
    assert invoke("cancel_order", cancel(order_id))["statusCode"] == 200


def test_a_canceled_order_stays_so(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    invoke("cancel_order", cancel(order_id))
    report = invoke("order_updater", batch(changed(order_id, 1, "paid")))

    assert (report["updated"], report["passed_over"]) == (0, 1)
    assert status_of(empty, order_id) == "canceled"


def test_an_event_of_an_unknown_order_holds_nobody_up(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    unknown = changed("0198f8a0-0000-7000-8000-000000000009", 1, "paid")
    assert invoke("order_updater", batch(unknown, changed(order_id, 1, "paid")))["updated"] == 1


@pytest.mark.parametrize("is_again", [False, True])
def test_a_bad_message_is_parked_on_its_own_side(empty: Any, invoke: Any, is_again: bool) -> None:
    order_id = ordered(invoke)
    bad = [message(b"{", type=TYPES["paid"]), message(b"{}", type="order.created.v1")]
    report = invoke("order_updater", batch(*bad, changed(order_id, 1, "paid"), again=is_again))

    assert (report["parked"], report["updated"]) == (2, 1)
    assert (empty.count("orders.parked_messages"), empty.count("invoices.parked_messages")) == (2, 0)
    assert empty.count("orders.delivery_attempts") == 0


def test_dead_letters_are_parked_and_return_to_the_row_of_their_queue(empty: Any, invoke: Any) -> None:
    [dead] = [queue for queue, of in BY_DEAD_LETTER_QUEUE.items() if of.name == INVOICE_CHANGED_QUEUE]
    poison = message(b"{", type=TYPES["paid"], messageId="m")
    invoke("order_updater", batch(poison))
    invoke("order_updater", batch(poison, queue=dead))

    assert empty.query("SELECT seen_count FROM orders.parked_messages") == [(2,)]


@pytest.fixture
def connections(empty: Any) -> Iterator[list[psycopg.Connection[Any]]]:
    """Two of the login of the function."""
    opened = [psycopg.connect(**login_of(empty, "order_updater"), autocommit=True) for _ in range(2)]
    yield opened
    for connection in opened:
        connection.close()


def login_of(empty: Any, role: str) -> dict[str, Any]:
    return {
        "host": empty.postgres.host,
        "port": empty.postgres.port,
        "dbname": "orders",
        "user": role,
        "password": PASSWORD,
    }


def consumer(connection: psycopg.Connection[Any]) -> Consumer[Any]:
    return Consumer(
        connection=lambda: connection,
        environment=uuid.uuid4(),
        parking=Parking("orders"),
        decode=invoices.decode,
        store=store,
    )


def consume(connection: psycopg.Connection[Any], event: dict[str, Any]) -> Any:
    return consumer(connection).consume(list(deliveries(event)), is_deadline_near=lambda: False)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the function gets to handle it."""


def test_a_message_that_kills_is_parked_and_its_neighbours_are_heeded(
    empty: Any, invoke: Any, connections: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, environment, decode = ordered(invoke), os.getpid(), invoices.decode
    killer = message(b"killer", type=TYPES["paid"])

    def die(delivery: Delivery) -> Any:
        if delivery.body != b"killer":
            return decode(delivery)
        if os.getpid() != environment:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Killed

    monkeypatch.setattr(invoices, "decode", die)
    for is_again in (False, True):
        with pytest.raises(Killed):
            consume(connections[0], batch(killer, changed(order_id, 1, "paid"), again=is_again))
    report = consume(connections[1], batch(killer, changed(order_id, 1, "paid"), again=True))

    assert (report["parked"], report["updated"], status_of(empty, order_id)) == (1, 1, "paid")
    assert empty.query("SELECT body, reason FROM orders.parked_messages") == [(b"killer", DIED_ALONE)]
    assert empty.count("orders.delivery_attempts") == 0


def test_an_order_that_is_canceled_just_then_stays_so(empty: Any, invoke: Any, connections: Any) -> None:
    order_id = ordered(invoke)
    with empty.admin() as customer, ThreadPoolExecutor(1) as thread:
        with customer.transaction():
            customer.execute("UPDATE orders.orders SET status = 'canceled'")
            running = thread.submit(consume, connections[0], batch(changed(order_id, 1, "paid")))
            wait_for_a_lock(empty)
        assert running.result()["passed_over"] == 1

    assert empty.query("SELECT status, invoice_version FROM orders.orders") == [("canceled", 0)]


def test_of_two_batches_at_once_the_newer_stands(empty: Any, invoke: Any, connections: Any) -> None:
    order_id = ordered(invoke)
    newer, older = connections
    with ThreadPoolExecutor(1) as thread:
        with newer.transaction():
            assert consume(newer, batch(changed(order_id, 2, "issued")))["updated"] == 1
            running = thread.submit(consume, older, batch(changed(order_id, 1, "paid")))
            wait_for_a_lock(empty)
        assert running.result()["passed_over"] == 1

    assert empty.query("SELECT status, invoice_version FROM orders.orders") == [("pending", 2)]


def test_batches_of_the_same_orders_do_not_end_each_other(empty: Any, invoke: Any, connections: Any) -> None:
    ids = [ordered(invoke) for _ in range(30)]

    def repeat(connection: Any, order_ids: list[str], versions: range) -> int:
        batches = (batch(*(changed(each, version, "paid") for each in order_ids)) for version in versions)
        return sum(consume(connection, each)["updated"] for each in batches)

    with ThreadPoolExecutor(2) as threads:
        there = threads.submit(repeat, connections[0], ids, range(1, 60, 2))
        back = threads.submit(repeat, connections[1], ids[::-1], range(2, 61, 2))
        assert there.result() + back.result() >= len(ids)

    assert empty.query("SELECT DISTINCT status, invoice_version FROM orders.orders") == [("paid", 60)]


def wait_for_a_lock(empty: Any) -> None:
    while not empty.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        pass


def test_the_time_of_the_last_change_is_that_of_a_change_of_status(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    times = []
    for version, status in ((1, "paid"), (3, "paid"), (4, "issued")):
        invoke("order_updater", batch(changed(order_id, version, status)))
        times += empty.query("SELECT updated_at FROM orders.orders")

    assert times[0] == times[1]
    assert times[0] < times[2]
