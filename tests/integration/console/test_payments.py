"""What the console says of payments and cancellations, and sends of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from integration.console.console_process import RunningConsole

PAY, CANCEL = "/api/orders/{}/pay", "/api/orders/{}/cancel"


@pytest.fixture
def database(console: RunningConsole, dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


class Order:
    """An order of a minute ago in the tables, by the rows that a test gives it."""

    def __init__(self, database: psycopg.Connection[Any], status: str = "pending", *, customer: str = "demo") -> None:
        self._database = database
        row = database.execute("SELECT extract(epoch FROM clock_timestamp()) - 60").fetchone()
        assert row is not None
        self.id = str(uuid.UUID(int=int(row[0] * 1000) << 80 | 0x7 << 76 | uuid.uuid4().int & (1 << 64) - 1))
        self.invoice_id = ""
        database.execute(
            "INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, created_at)"
            " VALUES (%s, %s, 1999, 'BRL', %s, to_timestamp(%s))",
            [self.id, customer, status, row[0]],
        )

    def invoiced(self, status: str = "issued") -> Order:
        row = self._database.execute(
            "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at)"
            " SELECT coalesce(max(number), 0) + 1, %s, 'demo', 1999, 'BRL', %s, now(), now() FROM invoices.invoices"
            " RETURNING invoice_id",
            [self.id, status],
        ).fetchone()
        assert row is not None
        self.invoice_id = str(row[0])
        return self

    def paid(self, payment_id: str, amount: int, *, refunded: int = 0) -> Order:
        self._database.execute(
            "INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at)"
            " VALUES ('default', %s, %s, %s, 'BRL', '2026-11-22T10:00:00Z')",
            [payment_id, self.invoice_id, amount],
        )
        if refunded:
            self._database.execute(
                "INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at)"
                " VALUES ('default', 're-' || %s, %s, %s, '2026-11-23T10:00:00Z')",
                [payment_id, payment_id, refunded],
            )
        return self

    def credited(self) -> Order:
        self._database.execute(
            "INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)"
            " VALUES (3, %s, 1999, 'BRL', '2026-11-22T11:00:00Z')",
            [self.invoice_id],
        )
        return self


def put(database: psycopg.Connection[Any], table: str, order: Order) -> None:
    """A message about the order in an outbox or among the parked ones of one side, an hour old."""
    body = json.dumps({"orderId": order.id}).encode()
    if table.endswith("outbox"):
        database.execute(
            f"INSERT INTO {table} (outbox_id, exchange, routing_key, properties, body, due_at, created_at)"
            " VALUES (%s, 'x', 'y', '{}', %s, now(), now() - interval '1 hour')",
            [order.id, body],
        )
    else:
        database.execute(
            f"INSERT INTO {table} (fingerprint, queue, properties, body, reason) VALUES (%s, %s, '{{}}', %s, 'no')",
            [uuid.uuid4().bytes * 2, f"{table.partition('.')[0]}.queue", body],
        )


def test_a_states_word_goes_from_invoiced_to_paid(console: RunningConsole, database: psycopg.Connection[Any]) -> None:
    orders = {
        "invoiced": Order(database).invoiced(),
        "paying": Order(database).invoiced("paid"),
        "paid": Order(database, "paid").invoiced("paid"),
        "canceled": Order(database, "canceled").invoiced(),
        "waiting for the relay": Order(database).invoiced("paid"),
        "parked": Order(database).invoiced("paid"),
    }
    put(database, "invoices.outbox", orders["waiting for the relay"])
    put(database, "orders.parked_messages", orders["parked"])
    # What is old news of an order that has come to rest.
    put(database, "orders.parked_messages", orders["paid"])
    put(database, "invoices.outbox", orders["canceled"])
    found = {one["orderId"]: one["state"] for one in console.get("/api/orders")["orders"]}
    assert found == {order.id: state for state, order in orders.items()}


def test_an_order_is_shown_with_what_was_paid_and_given_back(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order = Order(database).invoiced().paid("p-1", 1500, refunded=300).paid("p-2", 100)
    found = console.get(f"/api/orders/{order.id}")
    assert found["invoice"]["paidAmount"] == 1300
    assert [(one["paymentId"], one["amount"], one["paidAt"]) for one in found["payments"]] == [
        ("p-1", 1500, "2026-11-22T10:00:00.000Z"),
        ("p-2", 100, "2026-11-22T10:00:00.000Z"),
    ]
    assert [one["refunds"] for one in found["payments"]] == [
        [{"refundId": "re-p-1", "amount": 300, "refundedAt": "2026-11-23T10:00:00.000Z"}],
        [],
    ]
    assert console.get("/api/orders")["orders"][0]["invoice"] == found["invoice"]


def test_a_canceled_invoice_has_its_credit_note(console: RunningConsole, database: psycopg.Connection[Any]) -> None:
    order = Order(database, "canceled").invoiced("canceled").credited()
    invoice = console.get(f"/api/orders/{order.id}")["invoice"]
    assert (invoice["status"], invoice["paidAmount"]) == ("canceled", 0)
    assert invoice["creditNote"] == {"number": 3, "issuedAt": "2026-11-22T11:00:00.000Z"}


def test_a_payment_is_a_signed_webhook_over_what_is_open(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order = Order(database, customer="a customer of no key here").invoiced()
    told = {"status": "recorded", "invoice": {"number": 1, "status": "paid"}}
    console.neighbours.answers["POST", "/webhooks/payments"] = (200, told)
    answer = console.client.post(PAY.format(order.id), json={})
    ((path, headers, body),) = console.neighbours.asked
    assert path == "/webhooks/payments"
    assert headers["webhook-signature"].startswith("v1,")
    assert "apikey" not in headers
    wanted = {"paymentId": f"pay-{order.invoice_id}", "invoiceId": order.invoice_id, "amount": 1999, "currency": "BRL"}
    assert wanted.items() <= body["data"].items()
    trace_id = answer.json()["traceId"]
    assert (answer.status_code, answer.json()) == (200, {"status": 200, "payment": told, "traceId": trace_id})
    assert headers["traceparent"].startswith(f"00-{trace_id}-")


def test_a_second_payment_is_of_the_rest_and_has_an_id_of_its_own(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order = Order(database).invoiced().paid("p-1", 1500, refunded=300)
    console.neighbours.answers["POST", "/webhooks/payments"] = (200, {"status": "recorded"})
    console.client.post(PAY.format(order.id), json={})
    console.client.post(PAY.format(order.id), json={"amount": 5})
    sent = [body["data"] for _, _, body in console.neighbours.asked]
    assert [(one["paymentId"], one["amount"]) for one in sent] == [
        (f"pay-{order.invoice_id}-2", 799),
        (f"pay-{order.invoice_id}-2", 5),
    ]


def test_what_cannot_be_paid_is_refused_and_not_sent(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    fresh = Order(database)
    settled = Order(database, "paid").invoiced("paid").paid("p-1", 1999)

    def statuses(order_id: str, *bodies: Any) -> list[int]:
        return [console.client.post(PAY.format(order_id), json=body).status_code for body in bodies]

    assert statuses(fresh.id, {}) == [409]
    assert statuses(settled.id, {}, {"amount": 0}, {"amount": True}, {"amount": "5"}) == [409] * 4
    assert statuses(settled.id, [], {"paymentId": "mine"}) == [400, 400]
    assert statuses(str(uuid.uuid4()), {}) == [404]
    assert console.neighbours.asked == []


def test_a_cancellation_is_its_customers_and_the_same_however_often(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order = Order(database, customer="other").invoiced()
    path = f"/orders/{order.id}/cancel"
    console.neighbours.answers["POST", path] = (200, {"status": "canceled"})
    answers = [console.client.post(CANCEL.format(order.id), json={}) for _ in range(2)]
    assert [(one.status_code, one.json()["order"]) for one in answers] == [(200, {"status": "canceled"})] * 2
    assert [(asked[0], asked[1]["apikey"], asked[2]) for asked in console.neighbours.asked] == [
        (path, "key-of-other", {})
    ] * 2
    assert len({asked[1]["idempotency-key"] for asked in console.neighbours.asked}) == 1


def test_what_the_api_says_to_a_cancellation_is_said_in_its_words(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order, strangers = Order(database, "paid"), Order(database, customer="stranger")
    problem = {"type": "urn:x", "title": "Conflict", "status": 409, "detail": "The order is paid."}
    console.neighbours.answers["POST", f"/orders/{order.id}/cancel"] = (409, problem)
    refused = console.client.post(CANCEL.format(order.id), json={})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The order is paid.")
    assert console.client.post(CANCEL.format(order.id), json={"reason": "x"}).status_code == 400
    assert console.client.post(CANCEL.format(strangers.id), json={}).status_code == 422


def test_both_sides_outboxes_and_parked_messages_are_counted(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    order, other = Order(database), Order(database)
    for table in ("orders.outbox", "invoices.outbox", "orders.parked_messages", "invoices.parked_messages"):
        put(database, table, order)
    put(database, "invoices.outbox", other)
    database.execute(
        "INSERT INTO invoices.unmatched_payments"
        " (fingerprint, provider, kind, payment_id, invoice, amount, currency, occurred_at, reason)"
        " VALUES (%s, 'default', 'payment', 'p', '42', 1, 'BRL', now(), 'no such invoice')",
        [uuid.uuid4().bytes * 2],
    )
    overview = console.get("/api/overview")
    names = ("outboxRows", "invoicesOutboxRows", "parkedWaiting", "unmatchedPayments")
    assert [overview[name] for name in names] == [1, 2, 2, 1]
    assert min(overview["oldestOutboxSeconds"], overview["oldestInvoicesOutboxSeconds"]) >= 3600
    parked = console.get("/api/parked")["parked"]
    assert sorted(one["queue"] for one in parked) == ["invoices.queue", "orders.queue"]
