"""Webhooks about payments against a real database and a real broker: each is recorded once, whatever comes when."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from tests.integration.functions import payments
from tests.integration.functions.conftest import WEBHOOK_SECRET, AwsHandler, Context
from tests.integration.functions.http_events import post_webhook
from tests.integration.functions.payments import invoiced, payment, refund, state, stripe, told

from contracts.topology import INVOICE_CHANGED_QUEUE
from outbox import RELAY_MARGIN_S
from payments.recording import event_of
from payments.repository import PostgresPaymentRepository
from record_payment import standard_webhooks
from record_payment.handler import lambda_handler
from record_payment.secrets import ProviderSecrets
from record_payment.webhooks import Provider, parse

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def events(channel: Any) -> list[tuple[str, int]]:
    """Type and version of what waits for the orders' side."""
    found = []
    while (got := channel.basic_get(INVOICE_CHANGED_QUEUE, auto_ack=True))[0] is not None:
        found.append((got[1].type, json.loads(got[2])["version"]))
    return found


def test_a_payment_of_the_whole_makes_the_invoice_paid(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)

    status, body = told(invoke("record_payment", payment(invoice)))

    assert (status, body["status"], body["invoice"]) == (
        200,
        "recorded",
        {"invoiceId": invoice, "number": 1, "status": "paid"},
    )
    assert state(empty) == ("paid", 1)
    assert events(kept_channel) == [("invoice.paid.v1", 1)]
    assert empty.count("invoices.outbox") == 0


def test_the_same_again_changes_nothing(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)
    invoke("record_payment", payment(invoice))
    again = [payment(invoice), payment(invoice, delivery="msg_other")]
    answers = [told(invoke("record_payment", each)) for each in again]

    assert [(status, body["status"]) for status, body in answers] == [(200, "already recorded")] * 2
    assert (empty.count("invoices.payments"), empty.count("invoices.unmatched_payments")) == (1, 0)
    assert len(events(kept_channel)) == 1


def test_parts_add_up_and_what_is_over_is_kept(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    seen = []
    for number, amount in enumerate((1000, 999, 5)):
        invoke("record_payment", payment(invoice, amount, named=f"p{number}"))
        seen.append(state(empty))

    assert seen == [("issued", 0), ("paid", 1), ("paid", 1)]
    assert empty.query("SELECT sum(amount) FROM invoices.payments") == [(2004,)]


def test_a_refund_below_the_amount_opens_the_invoice_again(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)
    invoke("record_payment", payment(invoice, 2500))
    invoke("record_payment", refund(amount=501))
    assert state(empty) == ("paid", 1)
    invoke("record_payment", refund(amount=1, named="r2"))
    assert state(empty) == ("issued", 2)
    assert told(invoke("record_payment", refund(amount=1, named="r2")))[1]["status"] == "already recorded"
    invoke("record_payment", payment(invoice, 1, named="p2"))

    assert state(empty) == ("paid", 3)
    assert events(kept_channel) == [("invoice.paid.v1", 1), ("invoice.reopened.v1", 2), ("invoice.paid.v1", 3)]


def test_a_number_names_an_invoice_too(empty: Any, invoke: Any) -> None:
    invoiced(empty, invoke)
    data = {"paymentId": "p", "invoiceNumber": 1, "amount": 1999, "currency": "BRL", "paidAt": "2026-11-22T00:00:00Z"}
    assert told(invoke("record_payment", payments.notice("payment.succeeded", "m", **data)))[1]["status"] == "recorded"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"invoice": "0198f8a0-0000-7000-8000-000000000009"}, "there is no such invoice"),
        ({"currency": "EUR"}, "the invoice is in BRL"),
    ],
)
def test_what_fits_no_invoice_is_kept_and_answered_200(
    empty: Any, invoke: Any, change: dict[str, Any], reason: str
) -> None:
    invoice = invoiced(empty, invoke)
    given = {"invoice": invoice, **change}
    answers = [told(invoke("record_payment", payment(**given))) for _ in range(2)]

    assert answers == [(200, {"status": "unmatched", "reason": reason})] * 2
    assert empty.query("SELECT payment_id, reason, seen_count FROM invoices.unmatched_payments") == [("p1", reason, 2)]
    assert (state(empty), empty.count("invoices.payments")) == (("issued", 0), 0)


def test_the_same_id_with_another_amount_is_kept_beside(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    invoke("record_payment", payment(invoice, 1000))
    answer = told(invoke("record_payment", payment(invoice, 999, delivery="msg_2")))

    assert answer[1]["status"] == "unmatched"
    assert empty.query("SELECT amount FROM invoices.payments") == [(1000,)]
    assert empty.query("SELECT amount FROM invoices.unmatched_payments") == [(999,)]


def test_a_refund_that_comes_before_its_payment_waits_for_it(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    assert told(invoke("record_payment", refund(amount=1)))[1]["status"] == "unmatched"
    invoke("record_payment", payment(invoice))

    assert state(empty) == ("issued", 0)
    assert empty.count("invoices.refunds") == 1
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]


def test_a_payment_that_comes_before_its_invoice_is_recorded_when_it_is_sent_again(empty: Any, invoke: Any) -> None:
    early = payment("0198f8a0-0000-7000-8000-000000000009")
    assert told(invoke("record_payment", early))[1]["status"] == "unmatched"
    invoiced(empty, invoke)
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.invoices SET invoice_id = '0198f8a0-0000-7000-8000-000000000009'")

    assert told(invoke("record_payment", early))[1]["status"] == "recorded"
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]


def test_more_than_was_paid_is_not_refunded(empty: Any, invoke: Any) -> None:
    invoke("record_payment", payment(invoiced(empty, invoke)))
    invoke("record_payment", refund(amount=1000))
    assert (
        told(invoke("record_payment", refund(amount=1000, named="r2")))[1]["reason"]
        == "more would be refunded than was paid"
    )
    assert empty.count("invoices.refunds") == 1


def test_a_payment_of_a_canceled_invoice_is_kept_and_owed_back(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.invoices SET status = 'canceled', version = 1")

    assert told(invoke("record_payment", payment(invoice)))[1]["invoice"]["status"] == "canceled"
    assert (state(empty), empty.count("invoices.payments")) == (("canceled", 1), 1)
    assert events(kept_channel) == []


def test_sixteen_at_once_are_recorded_once_each(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)
    invoke.dependencies("record_payment")
    sent = [("a", 1000), ("b", 999), ("c", 7), ("d", 1)] * 4

    outcomes = at_once(empty, [payment(invoice, amount, named=identifier) for identifier, amount in sent])

    assert sorted(outcomes) == ["already recorded"] * 12 + ["recorded"] * 4
    assert empty.query("SELECT count(*), sum(amount) FROM invoices.payments") == [(4, 2007)]
    assert state(empty) == ("paid", 1)
    assert empty.count("invoices.outbox") == 1


def at_once(empty: Any, sent: list[Any]) -> list[str]:
    """What came of events that were recorded at the same moment, without publishing.

    One environment takes one invocation at a time; so each of these has a connection of its own.
    """
    with ExitStack() as stack, ThreadPoolExecutor(len(sent)) as threads:
        connections = [
            stack.enter_context(psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True)) for _ in sent
        ]
        return list(threads.map(recorded, connections, sent))


def recorded(connection: psycopg.Connection[Any], event: dict[str, Any]) -> str:
    class Own:
        def run(self, work: Any) -> Any:
            return work(connection)

    provider = Provider(form=standard_webhooks, secrets=ProviderSecrets(lambda: {"current": WEBHOOK_SECRET}))
    found = parse(event, providers={"default": provider}, now_s=time.time)
    assert found is not None
    outcome = PostgresPaymentRepository(Own()).record(  # type: ignore[arg-type]
        found, event_of=lambda invoice: event_of(invoice, traced=lambda message: message), due_in_s=RELAY_MARGIN_S
    )
    return outcome.status


def test_one_webhook_sixteen_times_at_once_is_recorded_once(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    outcomes = at_once(empty, [payment(invoice)] * 16)

    assert sorted(outcomes) == ["already recorded"] * 15 + ["recorded"]
    assert (empty.count("invoices.payments"), empty.count("invoices.webhook_deliveries")) == (1, 1)
    assert (state(empty), empty.count("invoices.outbox")) == (("paid", 1), 1)


def test_payments_and_refunds_at_once_leave_what_their_sum_says(empty: Any, invoke: Any) -> None:
    """Some refunds come before their payment; whoever is last sees them all."""
    invoice = invoiced(empty, invoke)
    sent = [payment(invoice, 1000, named="a"), payment(invoice, 999, named="b"), refund("a", 400, named="r1")]
    at_once(empty, [*sent, refund("b", 1, named="r2")] * 4)

    assert empty.query("SELECT sum(amount) FROM invoices.payments") == [(1999,)]
    assert empty.query("SELECT sum(amount) FROM invoices.refunds") == [(401,)]
    assert state(empty)[0] == "issued"
    assert empty.count("invoices.outbox") == state(empty)[1], "an event for each version"
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]


def while_uncommitted(empty: Any, first: Any, second: Any) -> tuple[str, str]:
    """What comes of the second event when it begins before the first one is committed."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True)) for _ in range(2)
        )
        threads = stack.enter_context(ThreadPoolExecutor(1))
        with one.transaction():
            outcome = recorded(one, first)
            waiting = threads.submit(recorded, other, second)
            until_it_waits_or_is_over(empty, other.info.backend_pid, waiting)
        return outcome, waiting.result(10)


def until_it_waits_or_is_over(empty: Any, pid: int, work: Future[str]) -> None:
    deadline = time.monotonic() + 10
    asked = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
    while not work.done() and empty.query(asked, pid) != [("Lock",)] and time.monotonic() < deadline:
        time.sleep(0.01)


def test_of_two_payments_of_one_invoice_the_later_one_sees_the_sum(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    sent = [payment(invoice, 1000, named="a"), payment(invoice, 999, named="b")]

    assert while_uncommitted(empty, *sent) == ("recorded", "recorded")
    assert (state(empty), empty.count("invoices.outbox")) == (("paid", 1), 1)


def test_a_refund_sees_the_payment_that_is_being_recorded(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)

    assert while_uncommitted(empty, payment(invoice), refund(amount=1)) == ("recorded", "recorded")
    assert (state(empty), empty.count("invoices.unmatched_payments")) == (("issued", 2), 0)


def test_a_payment_sees_the_refund_that_is_being_kept(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)

    assert while_uncommitted(empty, refund(amount=1), payment(invoice)) == ("unmatched", "recorded")
    assert (state(empty), empty.count("invoices.refunds")) == (("issued", 0), 1)
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]


def test_the_same_delivery_waits_for_the_one_that_is_being_recorded(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)

    assert while_uncommitted(empty, payment(invoice), payment(invoice)) == ("recorded", "already recorded")
    assert empty.count("invoices.payments") == 1


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_and_however_often_the_end_is_the_same(
    empty: Any, invoke: Any, kept_channel: Any, seed: int
) -> None:
    invoice = invoiced(empty, invoke)
    sent = [
        payment(invoice, 1000, named="a"),
        payment(invoice, 999, named="b"),
        refund("a", 300, named="r1"),
        refund("b", 200, named="r2"),
        payment(invoice, 500, named="c"),
    ] * 3
    random.Random(seed).shuffle(sent)
    for each in sent:
        assert told(invoke("record_payment", each))[0] == 200

    status, version = state(empty)
    assert empty.query("SELECT payment_id, amount FROM invoices.payments ORDER BY 1") == [
        ("a", 1000),
        ("b", 999),
        ("c", 500),
    ]
    assert empty.query("SELECT refund_id, amount FROM invoices.refunds ORDER BY 1") == [("r1", 300), ("r2", 200)]
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]
    published = events(kept_channel)
    assert [each for _, each in published] == list(range(1, version + 1))
    assert (status, published[-1]) == ("paid", ("invoice.paid.v1", version))
    assert all(kind == ("invoice.paid.v1" if each % 2 else "invoice.reopened.v1") for kind, each in published)


def test_with_the_broker_away_the_event_waits_for_the_relay(empty: Any, invoke: Any, monkeypatch: Any) -> None:
    invoice = invoiced(empty, invoke)
    monkeypatch.setenv("BROKER_ENDPOINT", "amqp://127.0.0.1:1")
    monkeypatch.setitem(empty.environ, "BROKER_ENDPOINT", "amqp://127.0.0.1:1")
    assert told(invoke("record_payment", payment(invoice)))[1]["status"] == "recorded"
    assert empty.query("SELECT exchange, routing_key FROM invoices.outbox") == [("invoices", "invoice.paid")]


def test_the_relay_of_invoices_publishes_what_is_due(empty: Any, invoke: Any, kept_channel: Any) -> None:
    invoice = invoiced(empty, invoke)
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO invoices.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
            " VALUES (gen_random_uuid(), 'invoices', 'invoice.paid', '{\"type\": \"invoice.paid.v1\"}',"
            " '{\"version\": 1}', now())"
        )
        connection.execute(
            "INSERT INTO invoices.webhook_deliveries (provider, delivery_id, is_matched, expires_at)"
            " VALUES ('p', 'old', true, now()), ('p', 'new', true, now() + interval '1 h')"
        )
    report = invoke("invoices_relay", {})

    assert invoice
    assert report["published"] == 1
    assert events(kept_channel) == [("invoice.paid.v1", 1)]
    assert empty.query("SELECT delivery_id FROM invoices.webhook_deliveries") == [("new",)]


def test_an_event_is_in_the_orders_trace(empty: Any, invoke: Any, kept_channel: Any) -> None:
    octets = {"bytes": list(CLIENT.encode())}
    invoice = invoiced(empty, invoke, headers={"traceparent": octets})
    assert empty.query("SELECT traceparent FROM invoices.invoices") == [(CLIENT,)]
    invoke("record_payment", payment(invoice))
    _, properties, _ = kept_channel.basic_get(INVOICE_CHANGED_QUEUE, auto_ack=True)
    assert properties.headers["traceparent"].split("-")[1] == CLIENT.split("-")[1]


def test_a_secret_is_changed_while_webhooks_go_on(empty: Any, invoke: Any, monkeypatch: Any) -> None:
    """The provider signs with the new one from the moment that Secrets Manager has both; then the old one is gone."""
    invoice, fresh = invoiced(empty, invoke), "anotherSecretOfNoProviderThatIsBase64Too"
    secrets = AwsHandler.__subclasses__()[-1].secrets["payments/webhooks/default"]
    clock = invoke.dependencies("record_payment").providers["default"].secrets
    now = time.monotonic()
    monkeypatch.setattr(clock, "_clock", lambda: now)
    assert told(invoke("record_payment", payment(invoice, 1, named="a")))[0] == 200
    monkeypatch.setitem(secrets, "previous", WEBHOOK_SECRET)
    monkeypatch.setitem(secrets, "current", fresh)
    answers = [
        told(invoke("record_payment", payment(invoice, 1, named=f"b{turn}", secret=secret)))[0]
        for turn, secret in enumerate((fresh, WEBHOOK_SECRET, fresh))
    ]

    assert answers == [200, 200, 200]
    monkeypatch.delitem(secrets, "previous")
    now += 61
    assert told(invoke("record_payment", payment(invoice, 1, named="c")))[0] == 401
    assert told(invoke("record_payment", payment(invoice, 1, named="d", secret=fresh)))[0] == 200


def test_under_load_a_change_of_the_secret_refuses_nothing(empty: Any, invoke: Any, monkeypatch: Any) -> None:
    """Secrets Manager gets both first, then the provider changes: at any moment after the last look."""
    invoice, fresh = invoiced(empty, invoke), "anotherSecretOfNoProviderThatIsBase64Too"
    secrets = AwsHandler.__subclasses__()[-1].secrets["payments/webhooks/default"]
    answers = []
    for turn in range(60):
        if turn == 20:
            monkeypatch.setitem(secrets, "previous", WEBHOOK_SECRET)
            monkeypatch.setitem(secrets, "current", fresh)
        secret = WEBHOOK_SECRET if turn < 21 or (turn < 40 and turn % 2) else fresh
        answers.append(told(invoke("record_payment", payment(invoice, 1, named=f"p{turn}", secret=secret)))[0])

    assert answers == [200] * 60
    assert empty.count("invoices.payments") == 60


def test_without_a_secret_at_hand_it_is_503(empty: Any, invoke: Any, monkeypatch: Any) -> None:
    invoice = invoiced(empty, invoke)
    invoke.dependencies("record_payment")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    answer = lambda_handler(payment(invoice), Context())
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")


def test_what_is_signed_and_says_nothing_about_money_is_ignored(empty: Any, invoke: Any) -> None:
    assert told(invoke("record_payment", payments.notice("customer.created", "m"))) == (200, {"status": "ignored"})


@pytest.mark.parametrize(
    ("event", "status", "problem"),
    [
        # Signed when they are sent: a run of the whole suite is longer than a signature is valid.
        (lambda: payments.notice("payment.succeeded", "m"), 400, "invalid-webhook"),
        (lambda: payments.notice("payment.succeeded", "m", paymentId="p", amount=1.5), 400, "invalid-webhook"),
        (lambda: payments.notice("payment.refunded", "m", paymentId="p"), 400, "invalid-webhook"),
        (lambda: post_webhook(b"x" * 300_000, {}), 413, "webhook-too-large"),
        (lambda: post_webhook(b"{}", {}, provider="nobody"), 404, "unknown-provider"),
        (lambda: post_webhook(b"{}", {}), 401, "invalid-signature"),
        (lambda: payments.notice("x", "m", at=time.time() - 3600), 401, "invalid-signature"),
    ],
    ids=["no data", "no integer", "no refund", "too large", "unknown provider", "unsigned", "an hour old"],
)
def test_what_cannot_be_a_webhook_is_refused(
    empty: Any, invoke: Any, event: Callable[[], dict[str, Any]], status: int, problem: str
) -> None:
    answered, body = told(invoke("record_payment", event()))

    assert (answered, body["type"].rpartition(":")[2]) == (status, problem)
    assert empty.count("invoices.webhook_deliveries") == 0


def intent_of(invoice: str) -> dict[str, Any]:
    """A payment intent as Stripe tells it."""
    metadata = {"invoiceId": invoice}
    return {"id": "pi_1", "amount_received": 1999, "currency": "brl", "metadata": metadata, "created": 1}


def test_stripe_pays_and_refunds_in_its_own_form(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    intent = intent_of(invoice)
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 1999, "currency": "brl"}
    paid = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 2, "data": {"object": intent}}
    refunded = {"id": "evt_2", "type": "charge.refunded", "created": 3, "data": {"object": charge}}

    outcomes = [told(invoke("record_payment", stripe(each)))[1]["status"] for each in (paid, paid, refunded, refunded)]

    assert outcomes == ["recorded", "already recorded", "recorded", "already recorded"]
    assert state(empty) == ("issued", 2)
    assert empty.query("SELECT provider, refund_id, amount FROM invoices.refunds") == [("stripe", "ch_1/1999", 1999)]


@pytest.mark.parametrize("totals", [(500, 1500), (1500, 500), (500, 500, 1500, 1500, 500)])
@pytest.mark.parametrize("is_early", [False, True], ids=["after the payment", "before the payment"])
def test_a_charge_is_refunded_by_its_highest_total(
    empty: Any, invoke: Any, totals: tuple[int, ...], is_early: bool
) -> None:
    """Stripe says how much is refunded by now; what it was before stands in no event of this type for sure."""
    invoice = invoiced(empty, invoke)
    paid = {"id": "e", "type": "payment_intent.succeeded", "created": 2, "data": {"object": intent_of(invoice)}}
    refunds = []
    for number, total in enumerate(totals):
        charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": total, "currency": "brl"}
        refunds.append({"id": f"evt_{number}", "type": "charge.refunded", "created": 3, "data": {"object": charge}})
    for event in [*refunds, paid] if is_early else [paid, *refunds]:
        assert told(invoke("record_payment", stripe(event)))[0] == 200

    assert empty.query("SELECT sum(amount) FROM invoices.refunds") == [(1500,)]
    assert state(empty)[0] == "issued"
    assert empty.query("SELECT count(*) FROM invoices.unmatched_payments WHERE matched_at IS NULL") == [(0,)]


def test_a_charge_is_not_refunded_beyond_its_payment(empty: Any, invoke: Any) -> None:
    invoice = invoiced(empty, invoke)
    paid = {"id": "e", "type": "payment_intent.succeeded", "created": 2, "data": {"object": intent_of(invoice)}}
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 2000, "currency": "brl"}
    invoke("record_payment", stripe(paid))
    event = {"id": "evt", "type": "charge.refunded", "created": 3, "data": {"object": charge}}

    assert told(invoke("record_payment", stripe(event)))[1]["status"] == "unmatched"
    assert (state(empty), empty.count("invoices.refunds")) == (("paid", 1), 0)
