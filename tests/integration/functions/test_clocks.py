"""A function whose clock is off by an hour: everything that a guarantee depends on is the database's clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from rabbitmq import BrokerUnavailableError, Publisher

HOUR = timedelta(hours=1)


@pytest.fixture(params=[HOUR, -HOUR], ids=["an hour fast", "an hour slow"])
def skew(request: pytest.FixtureRequest) -> Iterator[timedelta]:
    with time_machine.travel(datetime.now(UTC) + request.param, tick=True):
        yield request.param


def unpublished(self: Publisher, messages: Any, *, timeout_s: float) -> Any:
    raise BrokerUnavailableError("away in this test")


def test_idempotency_keys_live_24_hours_of_the_databases_clock(empty: Any, invoke: Any, skew: timedelta) -> None:
    first = invoke("create_order", post_order(key="skewed"))
    again = invoke("create_order", post_order(key="skewed"))

    assert (first["statusCode"], again["body"]) == (201, first["body"])
    lives = "SELECT expires_at - clock_timestamp() FROM orders.idempotency_keys"
    assert abs(empty.query(lives)[0][0] - timedelta(hours=24)) < timedelta(minutes=1)
    # Only what the client is shown is the function's own time.
    created = datetime.fromisoformat(json.loads(first["body"])["createdAt"])
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_unpublished_event_is_due_when_its_function_is_over(
    empty: Any, invoke: Any, skew: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Publisher, "publish", unpublished)
    invoke("create_order", post_order(), remaining_ms=10_000)

    due_in = empty.query("SELECT due_at - clock_timestamp() FROM orders.outbox")[0][0]
    assert timedelta(seconds=10) < due_in <= timedelta(seconds=15)


def test_the_relay_takes_what_is_due_and_nothing_else(empty: Any, invoke: Any, skew: timedelta) -> None:
    statement = (
        "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
        " SELECT gen_random_uuid(), 'orders', 'order.created', '{}', 'body', clock_timestamp() + due * interval '1 min'"
        " FROM unnest(ARRAY[-1, 5]) AS due RETURNING 1"
    )
    empty.query(statement)

    assert invoke("outbox_relay", {}, remaining_ms=50_000)["published"] == 1
    assert empty.count("orders.outbox") == 1


def test_invoices_are_issued_and_due_by_the_databases_clock(empty: Any, invoke: Any, skew: timedelta) -> None:
    assert invoke("invoice_consumer", batch(message(order_body())))["issued"] == 1
    [(issued_ago, term)] = empty.query(
        "SELECT clock_timestamp() - issued_at, due_at - issued_at FROM invoices.invoices"
    )
    assert (abs(issued_ago) < timedelta(minutes=1), term) == (True, timedelta(days=30))
