"""Parts that are away: sales go on, nothing is lost, and what was left behind follows by itself (G1, G3, G4)."""

from __future__ import annotations

import base64
import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pika
import pytest
from tests.integration.functions.test_invoice_consumer import BROKEN, order_body
from tests.live_system import LiveSystem, wait_for

import contracts.topology
from localregion.__main__ import main
from proof.chaos.run import wait_until_settled

OUTAGE_S = float(os.environ.get("OUTAGE_S", "10"))


@contextmanager
def stopped(live: LiveSystem, service: str) -> Iterator[None]:
    live.run("stop", service)
    try:
        yield
    finally:
        live.run("start", service)


def test_while_the_broker_hangs_orders_are_accepted_and_invoiced_later(live: LiveSystem) -> None:
    world = live.world()
    with live.client() as client:
        client.post("/orders", json={"amount": 1})
        with world.frozen(world.pid("rabbitmq")):
            for _ in range(30):
                assert client.post("/orders", json={"amount": 2}).status_code == 201
            wait_until_degraded(client)
    # By the relay's schedule: this test invokes nothing.
    live.wait_until_invoiced()


def wait_until_degraded(client: httpx.Client) -> None:
    """What an environment found out is repeated for two seconds."""
    degraded = {"status": "degraded", "broker": "down"}
    wait_for(lambda: client.get("/health").json() == degraded, timeout_s=10, what=lambda: client.get("/health").text)


def test_with_everything_away_nothing_accepted_is_lost(live: LiveSystem) -> None:
    """The broker stopped on purpose, then SIGKILL for all the rest; `make up` brings back what was stopped."""
    live.run("stop", "rabbitmq")
    # A signal would have taken it five seconds longer.
    assert "SIGTERM" not in live.system.folder.log("rabbitmq").read_text()
    with live.client() as client:
        accepted = [client.post("/orders", json={"amount": 3}).json()["orderId"] for _ in range(20)]
        wait_until_degraded(client)
        for part in ("emulator", "postgres", "gateway"):
            os.kill(live.current()["pids"][part], signal.SIGKILL)
    live.run("up")
    wait_for(lambda: stored(live, accepted) == 20, timeout_s=60, what=live.counts)
    settle(live)


def settle(live: LiveSystem) -> None:
    """Wait until all is invoiced, without waiting for the relay's minute."""
    wait_until_settled(live.world())
    assert live.counts()["uninvoiced"] == 0


def test_a_database_outage_parks_nothing_and_operators_are_told(
    live: LiveSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages are queued while Postgres is away: they wait, however the mapping returns their batch."""
    before = live.counts()
    bodies = [order_body() for _ in range(100)]
    with stopped(live, "postgres"):
        publish(live, [(body, "order.created.v1") for body in bodies])
        with live.client() as client:
            refused = client.post("/orders", json={"amount": 1})
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        ends_at = time.monotonic() + OUTAGE_S
        monkeypatch.setenv("LOCAL_DIR", live.environ["LOCAL_DIR"])
        for command in ("parked", "outbox", "audit", "order"):
            assert main([command]) == 1
            said = capsys.readouterr().err
            assert (said.count("\n"), "`make status` says what runs" in said) == (1, True), said
            assert ("make start SERVICE=postgres" in said) == (command != "order")
        # The length of the outage is the point of this test.
        time.sleep(max(0.0, ends_at - time.monotonic()))
    wait_for(lambda: live.counts()["invoices"] == before["invoices"] + 100, timeout_s=120, what=live.counts)

    assert live.counts()["parked"] == before["parked"]
    assert depth(live, contracts.topology.DEAD_LETTER_QUEUE) == 0


def test_seven_broken_messages_among_a_thousand(live: LiveSystem) -> None:
    before = live.counts()
    broken = [(base64.b64decode(each["data"]), each["basicProperties"]["type"]) for each in BROKEN.values()]
    good = [(order_body(), "order.created.v1") for _ in range(993)]
    batch = [*good[:500], *broken, *good[500:]]
    for _ in range(2):
        publish(live, batch)
        wait_for(
            lambda: (
                depth(live, contracts.topology.ORDER_CREATED_QUEUE) == 0
                and live.counts()["invoices"] == before["invoices"] + 993
            ),
            timeout_s=120,
            what=live.counts,
        )
    wait_for(lambda: parked_count(live) >= 14, timeout_s=60, what=live.counts)

    assert live.counts()["parked"] == before["parked"] + 7
    assert all(row[0] for row in live.query("SELECT reason FROM invoices.parked_messages"))


def parked_count(live: LiveSystem) -> int:
    """How often messages were parked, all together."""
    return int(live.query("SELECT coalesce(sum(seen_count), 0) FROM invoices.parked_messages")[0][0])


def publish(live: LiveSystem, messages: list[tuple[bytes, str]]) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(live.endpoints["amqp"]))
    channel = connection.channel()
    channel.confirm_delivery()
    for body, kind in messages:
        message_id = str(uuid.uuid5(uuid.NAMESPACE_OID, body.hex()))
        properties = pika.BasicProperties(type=kind, delivery_mode=2, message_id=message_id)
        channel.basic_publish(
            contracts.topology.ORDERS_EXCHANGE, contracts.topology.ORDER_CREATED_ROUTING_KEY, body, properties
        )
    connection.close()


def depth(live: LiveSystem, queue: str) -> int:
    """Messages that are ready in the queue; those with the mapping show up as missing invoices."""
    connection = pika.BlockingConnection(pika.URLParameters(live.endpoints["amqp"]))
    declared = connection.channel().queue_declare(queue, passive=True)
    connection.close()
    return int(declared.method.message_count)


def stored(live: LiveSystem, order_ids: list[str]) -> int:
    listed = ", ".join(f"'{order_id}'" for order_id in order_ids)
    return int(live.query(f"SELECT count(*) FROM orders.orders WHERE order_id IN ({listed})")[0][0])
