"""Batches of the event source mapping: invoices, parked messages, and what happens when something dies."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Context

from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_QUEUE
from deliveries.consumer import Consumer
from deliveries.event import TEXT_LENGTH_MAX, Delivery, deliveries
from invoice_consumer import invoices
from invoice_consumer.repository import CounterMissingError
from outbox import uuid7


def order_body(**changes: Any) -> bytes:
    order = {
        "orderId": str(uuid7()),
        "amount": 1999,
        "currency": "BRL",
        "customer": {"id": "demo"},
        "createdAt": "2026-11-22T13:42:18.184Z",
    }
    return json.dumps({**order, **changes}).encode()


def message(body: bytes, *, redelivered: bool = False, **properties: Any) -> dict[str, Any]:
    basic = {"contentType": "application/json", "type": "order.created.v1", "messageId": None, "headers": {}}
    return {
        "basicProperties": {**basic, **properties, "bodySize": len(body)},
        "redelivered": redelivered,
        "data": base64.b64encode(body).decode(),
    }


def batch(*messages: dict[str, Any], queue: str = ORDER_CREATED_QUEUE) -> dict[str, Any]:
    return {"eventSource": "aws:rmq", "rmqMessagesByQueue": {f"{queue}::/": list(messages)}}


def again(event: dict[str, Any]) -> dict[str, Any]:
    """The same batch, delivered again."""
    messages = next(iter(event["rmqMessagesByQueue"].values()))
    return batch(*({**each, "redelivered": True} for each in messages))


BROKEN = {
    "not JSON": message(b"{"),
    "wrong type": message(b'"text"'),
    "missing field": message(b'{"orderId": "0198f8a0-0000-7000-8000-000000000001"}'),
    "amount as text": message(order_body(amount="10")),
    "not UTF-8": message(b"\xff\xfe\xfd"),
    "unknown type": message(order_body(), type="order.created.v9"),
    "empty body": message(b""),
}


def test_orders_become_invoices_with_gapless_numbers(empty: Any, invoke: Any) -> None:
    report = invoke("invoice_consumer", batch(*(message(order_body()) for _ in range(50))))

    assert report == {"messages": 50, "issued": 50, "late": 0, "duplicates": 0, "canceled": 0, "parked": 0}
    assert empty.query("SELECT min(number), max(number), count(DISTINCT number) FROM invoices.invoices") == [
        (1, 50, 50)
    ]
    assert empty.query("SELECT DISTINCT due_at - issued_at FROM invoices.invoices")[0][0].days == 30


def test_an_invoice_is_late_ninety_seconds_after_its_order(empty: Any, invoke: Any) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    orders = [order_body(orderId=str(uuid7(now - timedelta(seconds=age)))) for age in (0, 80, 100, 86_400)]
    report = invoke("invoice_consumer", batch(*map(message, orders)))
    assert (report["issued"], report["late"]) == (4, 2)

    report = invoke("invoice_consumer", batch(*map(message, [*orders, order_body()])))
    assert (report["issued"], report["late"], report["duplicates"]) == (1, 0, 4), "a duplicate is late once"


def test_a_repeated_batch_issues_nothing_and_burns_no_number(empty: Any, invoke: Any) -> None:
    event = batch(*(message(order_body()) for _ in range(20)))
    invoke("invoice_consumer", event)
    assert invoke("invoice_consumer", event)["duplicates"] == 20
    assert invoke("invoice_consumer", again(event))["duplicates"] == 20
    invoke("invoice_consumer", batch(message(order_body())))

    assert empty.query("SELECT count(*), max(number) FROM invoices.invoices") == [(21, 21)]


def test_a_duplicate_inside_one_batch_is_dropped(empty: Any, invoke: Any) -> None:
    same = message(order_body())
    assert invoke("invoice_consumer", batch(same, message(order_body()), same))["issued"] == 2


def test_broken_messages_are_parked_and_their_neighbours_invoiced(empty: Any, invoke: Any) -> None:
    good = [message(order_body()) for _ in range(93)]
    event = batch(*good[:50], *BROKEN.values(), *good[50:])
    assert invoke("invoice_consumer", event) == {
        "messages": 100,
        "issued": 93,
        "late": 0,
        "duplicates": 0,
        "canceled": 0,
        "parked": 7,
    }
    invoke("invoice_consumer", event)
    invoke("invoice_consumer", again(event))

    parked = empty.query("SELECT reason, seen_count, body, queue FROM invoices.parked_messages")
    assert len(parked) == 7
    assert all(reason and count == 3 and queue == ORDER_CREATED_QUEUE for reason, count, _, queue in parked)
    assert {bytes(body) for _, _, body, _ in parked} == {base64.b64decode(each["data"]) for each in BROKEN.values()}
    assert empty.count("invoices.invoices") == 93
    assert empty.count("invoices.delivery_attempts") == 0


def test_what_text_columns_cannot_hold_is_parked_too(empty: Any, invoke: Any) -> None:
    nasty = [
        message(b"x\x00y", headers={"h": {"bytes": [0, -1, 300]}, "nul": "\x00", "half": "\ud800"}),
        message(b"x", type="\x00"),
        message(b"y", type={"bytes": [1]}),
        message(order_body(customer={"id": "nul\x00"})),
        message(order_body(customer={"id": "x" * 256})),
    ]
    assert invoke("invoice_consumer", batch(*nasty, message(order_body())))["parked"] == 5


def test_what_only_the_database_refuses_is_parked_alone(empty: Any, invoke: Any) -> None:
    with empty.admin() as connection:
        connection.execute("ALTER TABLE invoices.invoices ADD CONSTRAINT odd CHECK (amount <> 13)")
    try:
        report = invoke("invoice_consumer", batch(*(message(order_body(amount=amount)) for amount in (12, 13, 14))))
    finally:
        with empty.admin() as connection:
            connection.execute("ALTER TABLE invoices.invoices DROP CONSTRAINT odd")

    assert (report["issued"], report["parked"]) == (2, 1)
    assert "odd" in empty.query("SELECT reason FROM invoices.parked_messages")[0][0]


def test_the_dead_letter_queue_is_parked_undecoded(empty: Any, invoke: Any) -> None:
    headers = {"x-first-death-reason": {"bytes": list(b"rejected")}}
    report = invoke("invoice_consumer", batch(message(order_body(), headers=headers), queue=DEAD_LETTER_QUEUE))

    assert report == {"messages": 1, "issued": 0, "late": 0, "duplicates": 0, "canceled": 0, "parked": 1}
    assert empty.query("SELECT queue, reason FROM invoices.parked_messages") == [
        (DEAD_LETTER_QUEUE, "dead-lettered by the broker: rejected")
    ]


HOSTILE_CONTEXTS = {
    "NUL": [0],
    "of the right length": [0] * 55,
    "100 KB": [120] * 100_000,
    "a list's end": list(b"a,b"),
    "almost": list(f"00-{'A' * 32}-{'b' * 16}-01".encode()),
}


@pytest.mark.parametrize("name", HOSTILE_CONTEXTS)
def test_an_order_is_invoiced_whatever_its_trace_headers_say(empty: Any, invoke: Any, name: str) -> None:
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    headers = [{"traceparent": {"bytes": octets}} for octets in (list(traceparent.encode()), HOSTILE_CONTEXTS[name])]
    orders = [message(order_body(amount=amount), headers=each) for amount, each in enumerate([*headers, {}], start=1)]
    assert invoke("invoice_consumer", batch(*orders))["issued"] == 3

    kept = empty.query("SELECT traceparent FROM invoices.invoices ORDER BY amount")
    assert kept == [(traceparent,), (None,), (None,)]


HOSTILE_DEATHS = {
    "not numbers": {"bytes": ["rejected", None]},
    "not a list": {"bytes": {"bytes": 1}},
    "NUL": {"bytes": [114, 0, 101]},
    "100 KB": {"bytes": [120] * 100_000},
    "signed": {"bytes": [-1, 300]},
    "a number": 7,
}


@pytest.mark.parametrize("name", HOSTILE_DEATHS)
def test_a_dead_letter_is_parked_whatever_its_headers_say(empty: Any, invoke: Any, name: str) -> None:
    headers = {"x-first-death-reason": HOSTILE_DEATHS[name]}
    dead = message(order_body(), headers=headers, messageId="half \ud800 and \x00")
    assert invoke("invoice_consumer", batch(dead, queue=DEAD_LETTER_QUEUE))["parked"] == 1

    [(reason,)] = empty.query("SELECT reason FROM invoices.parked_messages")
    assert reason.startswith("dead-lettered by the broker: ")
    assert len(reason) <= TEXT_LENGTH_MAX


def test_what_nobody_thought_of_parks_its_message_alone(
    empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = invoices.decode

    def stumble(delivery: Delivery) -> Any:
        if delivery.body == b"odd":
            raise LookupError("x" * 100_000 + "\x00")
        return decode(delivery)

    monkeypatch.setattr(invoices, "decode", stumble)
    event = batch(message(order_body()), message(b"odd"), message(order_body()))
    assert invoke("invoice_consumer", event) == {
        "messages": 3,
        "issued": 2,
        "late": 0,
        "duplicates": 0,
        "canceled": 0,
        "parked": 1,
    }
    [(reason,)] = empty.query("SELECT reason FROM invoices.parked_messages")
    assert reason.startswith("cannot be decoded: LookupError: xxx")
    assert len(reason) == TEXT_LENGTH_MAX


def run(consumer: Consumer[Any], event: dict[str, Any]) -> None:
    consumer.consume(list(deliveries(event)), is_deadline_near=lambda: False)


@pytest.mark.parametrize("depth", [900, 950, 980])
def test_properties_nested_beyond_reason_are_parked(empty: Any, environment: Any, depth: int) -> None:
    nested: Any = []
    for _ in range(depth):
        nested = [nested]
    run(environment(), batch(message(b"bad", headers={"h": nested}), message(order_body())))

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (1, 1)


def test_without_its_counter_nothing_is_acknowledged(empty: Any, environment: Any) -> None:
    with empty.admin() as connection:
        connection.execute("DELETE FROM invoices.invoice_counter")
    try:
        with pytest.raises(CounterMissingError):
            run(environment(), batch(message(order_body())))
    finally:
        with empty.admin() as connection:
            connection.execute("INSERT INTO invoices.invoice_counter (last_number) VALUES (0)")


def test_a_counter_that_lags_behind_parks_nobody(empty: Any, environment: Any) -> None:
    run(environment(), batch(message(order_body())))
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.invoice_counter SET last_number = 0")
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(environment(), batch(message(order_body())))

    assert empty.count("invoices.parked_messages") == 0


def test_an_invoice_is_issued_when_it_has_its_number(empty: Any, environment: Any) -> None:
    """Not when its transaction began to wait for the counter."""
    consumer = environment()
    with empty.admin() as blocker, ThreadPoolExecutor(1) as thread:
        with blocker.transaction():
            blocker.execute("SELECT FROM invoices.invoice_counter FOR UPDATE")
            running = thread.submit(run, consumer, batch(message(order_body())))
            while not empty.query("SELECT FROM pg_locks WHERE NOT granted"):
                assert not running.done()
            time.sleep(0.2)
            released_at = empty.query("SELECT clock_timestamp()")[0][0]
        running.result()

    [(issued_at, due_in)] = empty.query("SELECT issued_at, due_at - issued_at FROM invoices.invoices")
    assert issued_at >= released_at.replace(microsecond=released_at.microsecond // 1000 * 1000)
    assert due_in.days == 30


def test_one_order_that_the_database_refuses_does_not_make_the_rest_slow(empty: Any, environment: Any) -> None:
    consumer = environment()
    stored: list[int] = []
    keep = Consumer._keep

    def counted(self: Consumer[Any], group: Any, report: Any, **options: Any) -> None:
        stored.append(len(group.events))
        keep(self, group, report, **options)

    with pytest.MonkeyPatch.context() as patch, empty.admin() as connection:
        connection.execute("ALTER TABLE invoices.invoices ADD CONSTRAINT odd CHECK (amount <> 13)")
        try:
            patch.setattr(Consumer, "_keep", counted)
            run(consumer, batch(*(message(order_body(amount=amount)) for amount in range(1, 513))))
        finally:
            connection.execute("ALTER TABLE invoices.invoices DROP CONSTRAINT odd")

    assert (empty.count("invoices.invoices"), empty.count("invoices.parked_messages")) == (511, 1)
    assert len(stored) < 25


def test_without_a_database_the_batch_waits_and_then_fails(empty: Any, invoke: Any) -> None:
    empty.postgres.stop()
    try:
        with pytest.raises(psycopg.OperationalError):
            invoke("invoice_consumer", batch(message(order_body())), remaining_ms=1)
    finally:
        empty.postgres.start()
    assert invoke("invoice_consumer", batch(message(order_body())))["issued"] == 1


def test_the_golden_event_becomes_an_invoice(empty: Any, invoke: Any) -> None:
    from pathlib import Path

    event = json.loads((Path(__file__).parents[2] / "events" / "rabbitmq_order_created.json").read_text())
    assert invoke("invoice_consumer", event)["issued"] == 1
    assert Context().aws_request_id
