"""The relay: what is due is published, what fails waits, what is expired goes."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_create_order import take

from contracts import topology
from outbox_relay.publishing import PUBLISH_TIMEOUT_S
from outbox_relay.suspects import ROW_TIME_S
from rabbitmq import ConnectionLostError, Message, PublishError


def add_row(released: Any, *, due: str = "now()", **changes: Any) -> uuid.UUID:
    outbox_id = uuid.uuid4()
    row = {
        "exchange": topology.ORDERS_EXCHANGE,
        "routing_key": topology.ORDER_CREATED_ROUTING_KEY,
        "properties": {"message_id": str(outbox_id), "type": "order.created.v1", "delivery_mode": 2},
        "body": b"body",
        **changes,
    }
    with released.admin() as connection:
        connection.execute(
            "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
            f" VALUES (%s, %s, %s, %s, %s, {due})",
            [outbox_id, row["exchange"], row["routing_key"], json.dumps(row["properties"]), row["body"]],
        )
    return outbox_id


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def relay(invoke: Any, **context: Any) -> dict[str, Any]:
    return invoke("outbox_relay", {}, **{"remaining_ms": 50_000, **context})


def test_what_the_request_path_left_is_published(empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.rabbitmq.freeze()
    try:
        order = json.loads(invoke("create_order", post_order())["body"])
    finally:
        empty.rabbitmq.thaw()
    assert relay(invoke)["published"] == 0, "the function that wrote it could still be running"
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    assert relay(invoke)["published"] == 1

    assert json.loads(take(empty)[-1][1])["orderId"] == order["orderId"]
    assert empty.count("orders.outbox") == 0


def test_many_rows_are_published_batch_by_batch(empty: Any, invoke: Any) -> None:
    copies = (
        "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
        " SELECT gen_random_uuid(), exchange, routing_key, properties, body, due_at"
        " FROM orders.outbox, generate_series(1, 249) RETURNING 1"
    )
    add_row(empty)
    assert len(empty.query(copies)) == 249
    assert relay(invoke)["published"] == 250
    assert len(take(empty)) == 250


@pytest.mark.parametrize(
    "bad",
    [
        {"routing_key": "nobody.listens"},
        {"exchange": "no-such-exchange"},
        {"properties": {"user_id": "somebody else"}},
        {"properties": {"no_such_property": 1}},
        {"properties": {"headers": {"huge": 2**70}}},
        {"properties": {"headers": {"deep": nested(900)}}},
        {"properties": {"headers": {"long": "x" * 200_000}}},
        {"properties": {"\x00": 1}},
        {"properties": {"priority": "9" * 5}},
    ],
    ids=[
        *("unroutable", "no exchange", "not acceptable", "unknown property", "not encodable"),
        *("nested", "longer than a frame", "unknown property with NUL", "property of the wrong type"),
    ],
)
def test_a_row_that_fails_waits_and_blocks_nobody(empty: Any, invoke: Any, bad: dict[str, Any]) -> None:
    add_row(empty)
    culprit = add_row(empty, due="now() - interval '1 h'", **bad)
    add_row(empty)
    report = relay(invoke)

    assert (report["published"], report["postponed"], report["broker_failure"]) == (2, 1, None)
    rows = empty.query("SELECT outbox_id, attempts, last_error IS NOT NULL, due_at > now() FROM orders.outbox")
    assert rows == [(culprit, 1, True, True)]
    assert len(take(empty)) >= 2


def test_properties_that_cannot_be_read_wait_and_block_nobody(empty: Any, invoke: Any) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
            " VALUES (gen_random_uuid(), 'orders', 'order.created', %s, 'x', now() - interval '1 h')",
            ["[" * 3000 + "]" * 3000],
        )
    add_row(empty)
    report = relay(invoke)

    assert (report["published"], report["postponed"]) == (1, 1)


def test_a_broker_that_is_away_counts_against_no_row(empty: Any, invoke: Any) -> None:
    add_row(empty)
    empty.rabbitmq.freeze()
    try:
        report = relay(invoke)
    finally:
        empty.rabbitmq.thaw()

    assert report["broker_failure"]
    assert empty.query("SELECT attempts FROM orders.outbox") == [(0,)]
    assert relay(invoke)["published"] == 1


def test_expired_keys_are_purged_and_others_kept(empty: Any, invoke: Any) -> None:
    for key in ("old", "new"):
        invoke("create_order", post_order(key=key))
    with empty.admin() as connection:
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h' WHERE key = 'old'"
        )
    assert relay(invoke)["purged"] == 1
    assert empty.query("SELECT key FROM orders.idempotency_keys") == [("new",)]


@dataclass
class Slow:
    """A broker that closes the connection over its first batch, and is as slow as allowed with what comes then."""

    connection_is_lost: bool = False

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        if not self.connection_is_lost:
            self.connection_is_lost = True
            return [ConnectionLostError("reset")] * len(messages)
        time.sleep(PUBLISH_TIMEOUT_S - SPARED_S)
        return [None] * len(messages)


SPARED_S = 1.8


def test_the_last_row_that_time_allows_is_also_noted_as_published(
    empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is hung up on for want of time only after what was begun in time."""
    add_row(empty)
    monkeypatch.setattr("outbox_relay.relay.BATCH_TIME_S", 0.0)
    dependencies = replace(invoke.dependencies("outbox_relay"), publisher=Slow())
    monkeypatch.setattr("outbox_relay.handler.dependencies", lambda: dependencies)
    dependencies.database.connection()
    # Enough to begin the row alone, and next to nothing more; the publisher leaves the rest of its time unused.
    report = relay(invoke, remaining_ms=int(1000 * (ROW_TIME_S + 0.8)))

    assert (report["published"], report["broker_failure"]) == (1, None)
    assert empty.count("orders.outbox") == 0


def test_without_time_nothing_is_begun(empty: Any, invoke: Any) -> None:
    add_row(empty)
    assert relay(invoke, remaining_ms=3_000)["published"] == 0
