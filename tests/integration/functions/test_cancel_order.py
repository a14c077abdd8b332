"""Cancelling against a real database and a real broker: what is answered, stored and published, and of the invoice."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from tests.integration.functions.http_events import cancel, post_order
from tests.integration.functions.payments import told
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from contracts.events import OrderCanceled
from contracts.topology import ORDER_CANCELED_QUEUE, ORDER_CANCELED_TYPE

UNKNOWN = "0198f8a0-0000-7000-8000-000000000009"


def ordered(invoke: Any, **options: Any) -> str:
    return str(told(invoke("create_order", post_order(**options)))[1]["orderId"])


def events(channel: Any) -> list[bytes]:
    found = []
    while (got := channel.basic_get(ORDER_CANCELED_QUEUE, auto_ack=True))[0] is not None:
        assert got[1].type == ORDER_CANCELED_TYPE
        found.append(got[2])
    return found


def test_an_order_is_canceled_and_its_event_goes_out(empty: Any, invoke: Any, kept_channel: Any) -> None:
    order_id = ordered(invoke)
    status, order = told(invoke("cancel_order", cancel(order_id)))

    assert (status, order["orderId"], order["status"]) == (200, order_id, "canceled")
    assert order["updatedAt"] >= order["createdAt"]
    [body] = events(kept_channel)
    assert str(OrderCanceled.from_json(body).order_id) == order_id
    assert empty.count("orders.outbox") == 0
    assert told(invoke("cancel_order", cancel(order_id, body=b" {} ")))[1]["status"] == "canceled"
    assert events(kept_channel) == []


def test_only_a_body_has_a_content_type(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    for given in (cancel(order_id, content_type=None), cancel(order_id, content_type="text/plain")):
        assert told(invoke("cancel_order", given))[0] == 200
    assert told(invoke("cancel_order", cancel(order_id, body=b"{}", content_type=None)))[0] == 415


def test_the_event_carries_the_clients_trace_and_its_rows_id(empty: Any, invoke: Any, kept_channel: Any) -> None:
    headers = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b"}
    order_id = ordered(invoke)
    order = told(invoke("cancel_order", cancel(order_id, headers=headers)))[1]
    _, properties, body = kept_channel.basic_get(ORDER_CANCELED_QUEUE, auto_ack=True)

    assert headers.items() <= properties.headers.items()
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert uuid.UUID(properties.message_id).version == 7
    assert json.loads(body) == {"orderId": order_id, "customer": {"id": "demo"}, "canceledAt": order["updatedAt"]}


def test_an_expired_key_is_free_again(empty: Any, invoke: Any) -> None:
    one, other = ordered(invoke), ordered(invoke)
    invoke("cancel_order", cancel(one, key="K"))
    with empty.admin() as connection:
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h'"
        )
    first, again = (invoke("cancel_order", cancel(other, key="K")) for _ in range(2))

    assert told(first)[1]["orderId"] == other
    assert "Idempotent-Replayed" not in first["headers"]
    assert (again["body"], again["headers"]["Idempotent-Replayed"]) == (first["body"], "true")


def test_the_first_answer_stays_the_keys_whatever_becomes_of_the_order(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    first = invoke("cancel_order", cancel(order_id, key="K"))
    body = {"orderId": order_id, "customer": {"id": "demo"}, "canceledAt": "2026-11-22T13:42:18.184Z"}
    created = message(order_body(orderId=order_id))
    invoke("invoice_consumer", batch(created, message(json.dumps(body).encode(), type=ORDER_CANCELED_TYPE)))

    assert invoke("cancel_order", cancel(order_id, key="K"))["body"] == first["body"]
    assert told(invoke("cancel_order", cancel(order_id)))[1]["invoice"]["creditNote"]["number"] == 1


def test_a_canceled_order_counts_once(empty: Any, invoke: Any, capsys: pytest.CaptureFixture[str]) -> None:
    order_id = ordered(invoke)
    capsys.readouterr()
    for key in ("K", "K", None):
        invoke("cancel_order", cancel(order_id, key=key))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    names = ("OrdersCanceled", "OrdersReplayed")
    assert [{name: line[name] for name in names if name in line} for line in lines] == [
        {"OrdersCanceled": [1.0]},
        {"OrdersReplayed": [1.0]},
        {"OrdersCanceled": [0.0]},
    ]


def test_a_key_gets_its_answer_again_and_means_one_thing(empty: Any, invoke: Any) -> None:
    order_id, other = ordered(invoke), ordered(invoke)
    first = invoke("cancel_order", cancel(order_id, key="K"))
    again = invoke("cancel_order", cancel(order_id, key="K"))

    assert (again["body"], again["headers"]["Idempotent-Replayed"]) == (first["body"], "true")
    assert "Idempotent-Replayed" not in first["headers"]
    assert told(invoke("cancel_order", cancel(other, key="K")))[0] == 422
    assert told(invoke("create_order", post_order(key="K")))[0] == 422
    assert empty.query("SELECT count(*) FROM orders.orders WHERE status = 'canceled'") == [(1,)]


def test_a_paid_order_stays_paid_and_its_key_is_free(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    with empty.admin() as connection:
        connection.execute("UPDATE orders.orders SET status = 'paid'")
    status, problem = told(invoke("cancel_order", cancel(order_id, key="K")))

    assert (status, problem["type"].rpartition(":")[2]) == (409, "order-paid")
    assert (empty.count("orders.idempotency_keys"), empty.count("orders.outbox")) == (0, 0)


@pytest.mark.parametrize("order_id", [UNKNOWN, "unknown", "{}"])
def test_what_is_not_there_is_404(empty: Any, invoke: Any, order_id: str) -> None:
    for key in (None, "K"):
        assert told(invoke("cancel_order", cancel(order_id, key=key)))[0] == 404
    assert empty.count("orders.idempotency_keys") == 0


def test_another_customers_order_is_404(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    for key in (None, "K"):
        assert told(invoke("cancel_order", cancel(order_id, key=key, customer="other")))[0] == 404
    assert empty.query("SELECT status FROM orders.orders") == [("pending",)]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (cancel(UNKNOWN, customer=None), 401),
        (cancel(UNKNOWN, body=b"{"), 400),
        (cancel(UNKNOWN, body=b'{"reason": "x"}'), 422),
        (cancel(UNKNOWN, body=b"[]"), 422),
        (cancel(UNKNOWN, body=b"{}", content_type="text/plain"), 415),
        (cancel(UNKNOWN, key=""), 400),
    ],
    ids=["no customer", "not JSON", "a field", "no object", "content type", "empty key"],
)
def test_a_bad_request_is_refused(empty: Any, invoke: Any, event: dict[str, Any], status: int) -> None:
    assert told(invoke("cancel_order", event))[0] == status


def test_with_the_broker_away_the_relay_publishes(empty: Any, invoke: Any, kept_channel: Any, monkeypatch: Any) -> None:
    order_id = ordered(invoke)
    with monkeypatch.context() as patch:
        patch.setitem(empty.environ, "BROKER_ENDPOINT", "amqp://127.0.0.1:1")
        assert told(invoke("cancel_order", cancel(order_id)))[0] == 200
    assert empty.count("orders.outbox") == 1
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    assert invoke("outbox_relay", {})["published"] == 1
    assert len(events(kept_channel)) == 1


def canceled_message(order_id: str) -> dict[str, Any]:
    body = {"orderId": order_id, "customer": {"id": "demo"}, "canceledAt": "2026-11-22T13:42:18.184Z"}
    return message(json.dumps(body).encode(), type=ORDER_CANCELED_TYPE)


@pytest.mark.parametrize("order", ["created first", "canceled first", "at once", "at once, reversed"])
def test_the_invoice_of_a_canceled_order_is_canceled_whatever_comes_first(empty: Any, invoke: Any, order: str) -> None:
    created, canceled = message(order_body(orderId=UNKNOWN)), canceled_message(UNKNOWN)
    others = [message(order_body()) for _ in range(3)]
    batches = {
        "created first": [[created, *others], [canceled], [canceled]],
        "canceled first": [[canceled], [*others, created], [created]],
        "at once": [[*others, created, canceled]],
        "at once, reversed": [[canceled, *others, created, canceled]],
    }
    canceled_count = sum(invoke("invoice_consumer", batch(*each))["canceled"] for each in batches[order])

    assert canceled_count == 1
    assert empty.query("SELECT status, count(*) FROM invoices.invoices GROUP BY status ORDER BY status") == [
        ("canceled", 1),
        ("issued", 3),
    ]
    assert empty.query(
        "SELECT n.number, n.amount = i.amount FROM invoices.credit_notes n JOIN invoices.invoices i USING (invoice_id)"
    ) == [(1, True)]


def test_credit_notes_have_no_gap(empty: Any, invoke: Any) -> None:
    ids = [f"0198f8a0-0000-7000-8000-0000000000{number}" for number in range(10, 40)]
    invoke("invoice_consumer", batch(*(message(order_body(orderId=each)) for each in ids)))
    for start in range(0, 30, 7):
        invoke("invoice_consumer", batch(*(canceled_message(each) for each in ids[start : start + 10])))

    assert empty.query("SELECT count(*), max(number), min(number) FROM invoices.credit_notes") == [(30, 30, 1)]
    assert empty.query("SELECT last_number FROM invoices.credit_note_counter") == [(30,)]
    assert empty.query("SELECT max(number) FROM invoices.invoices") == [(30,)]


def test_a_cancellation_that_meets_an_issue_under_way_waits_for_it(empty: Any, environment: Any) -> None:
    from deliveries.event import deliveries
    from invoice_consumer import repository as statements

    issuing, canceling = environment(), environment()
    done = threading.Event()

    def send() -> None:
        canceling.consume(list(deliveries(batch(canceled_message(UNKNOWN)))), is_deadline_near=lambda: False)
        done.set()

    thread = threading.Thread(target=send)
    connection = issuing.connection()
    with connection.transaction():
        statements.lock_counter(connection)
        thread.start()
        while not empty.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            pass
        events = [(issuing.decode(each), each) for each in deliveries(batch(message(order_body(orderId=UNKNOWN))))]
        issuing.store(connection, events)
        assert not done.is_set()
    thread.join()

    assert empty.query("SELECT status FROM invoices.invoices") == [("canceled",)]
