"""A payment that fitted nothing, matched by hand: recorded as its webhook would have been, event and all."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.payments import invoiced, payment, refund, state, stripe, told
from tests.integration.functions.test_operations import Invoke, operate

from contracts.events import InvoiceChanged
from operations.parked_messages import UnknownMessageError
from operations.refusals import RefusedError

NOWHERE = "0198f8a0-0000-7000-8000-00000000dead"


def only_unmatched(invoke: Invoke) -> str:
    (only,) = operate(invoke, "unmatched")["payments"]
    return str(only["unmatchedId"])


def misdirected(invoke: Invoke, amount: int = 1999, **more: str) -> str:
    """A payment that names an invoice that is not there; returns the id of what is kept."""
    assert told(invoke("record_payment", payment(NOWHERE, amount, **more)))[1]["status"] == "unmatched"
    return only_unmatched(invoke)


def waiting_events(empty: Released) -> list[tuple[str, bytes]]:
    rows = empty.query(
        "SELECT routing_key, body FROM invoices.outbox WHERE due_at <= clock_timestamp() ORDER BY due_at"
    )
    return [(key, bytes(body)) for key, body in rows]


def test_a_payment_is_matched_to_the_invoice_that_was_meant_and_the_order_hears_of_it(
    empty: Released, invoke: Invoke
) -> None:
    invoice_id = invoiced(empty, invoke)
    answer = operate(invoke, "match", unmatchedId=misdirected(invoke), invoice=invoice_id)

    assert (answer["outcome"], answer["eventsQueued"], answer["invoice"]["status"]) == ("recorded", 1, "paid")
    assert state(empty) == ("paid", 1)
    assert empty.query("SELECT payment_id, amount FROM invoices.payments") == [("p1", 1999)]
    ((routing_key, body),) = waiting_events(empty)
    event = InvoiceChanged.from_json(body, status="paid")
    assert (routing_key, str(event.invoice_id), event.version) == ("invoice.paid", invoice_id, 1)
    assert str(event.order_id) == answer["orderId"]
    assert operate(invoke, "unmatched")["waiting"] == 0
    found = operate(invoke, "audit", olderThanSeconds=0)
    assert (found["invoicesBesideTheirPayments"]["count"], found["unmatchedPayments"]["count"]) == (0, 0)


def test_an_invoice_is_named_by_its_number_as_well_and_a_part_pays_it_in_part(empty: Released, invoke: Invoke) -> None:
    invoiced(empty, invoke)
    answer = operate(invoke, "match", unmatchedId=misdirected(invoke, 500), invoice="1")

    assert (answer["outcome"], answer["eventsQueued"], answer["invoice"]["status"]) == ("recorded", 0, "issued")
    assert state(empty) == ("issued", 0)


def test_the_webhook_that_comes_again_pays_nothing_twice_and_does_not_wait_again(
    empty: Released, invoke: Invoke
) -> None:
    invoice_id = invoiced(empty, invoke)
    operate(invoke, "match", unmatchedId=misdirected(invoke), invoice=invoice_id)

    assert told(invoke("record_payment", payment(NOWHERE)))[1]["status"] == "unmatched"
    assert told(invoke("record_payment", payment(invoice_id, delivery="again")))[1]["status"] == "already recorded"
    assert empty.count("invoices.payments") == 1
    assert operate(invoke, "unmatched")["waiting"] == 0


def test_it_is_matched_once_however_often_it_is_asked_for(empty: Released, invoke: Invoke) -> None:
    invoice_id, unmatched_id = invoiced(empty, invoke), misdirected(invoke)
    outcomes = [operate(invoke, "match", unmatchedId=unmatched_id, invoice=invoice_id)["outcome"] for _ in range(3)]

    assert outcomes == ["recorded", "already recorded", "already recorded"]
    assert state(empty) == ("paid", 1)
    assert len(waiting_events(empty)) == 1


def test_a_match_and_its_webhook_at_once_record_one_payment(empty: Released, invoke: Invoke) -> None:
    invoice_id, unmatched_id = invoiced(empty, invoke), misdirected(invoke)
    invoke.dependencies("operations")
    invoke.dependencies("record_payment")
    with ThreadPoolExecutor(2) as at_once:
        by_hand = at_once.submit(operate, invoke, "match", unmatchedId=unmatched_id, invoice=invoice_id)
        by_webhook = at_once.submit(invoke, "record_payment", payment(invoice_id, delivery="again"))
        outcomes = {by_hand.result()["outcome"], told(by_webhook.result())[1]["status"]}

    assert outcomes == {"recorded", "already recorded"}
    assert (empty.count("invoices.payments"), state(empty)) == (1, ("paid", 1))


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"currency": "USD"}, "the invoice is in BRL"), ({"invoice": "7"}, "there is no such invoice")],
)
def test_what_does_not_fit_is_refused_and_waits_on(
    empty: Released, invoke: Invoke, more: dict[str, str], reason: str
) -> None:
    meant = more.pop("invoice", None) or invoiced(empty, invoke)
    unmatched_id = misdirected(invoke, **more)
    with pytest.raises(RefusedError, match=f"it does not fit: {reason}"):
        operate(invoke, "match", unmatchedId=unmatched_id, invoice=meant)

    assert (empty.count("invoices.payments"), operate(invoke, "unmatched")["waiting"]) == (0, 1)


def test_a_payment_of_a_known_id_with_another_amount_is_refused(empty: Released, invoke: Invoke) -> None:
    invoice_id = invoiced(empty, invoke)
    invoke("record_payment", payment(invoice_id, 1000))
    invoke("record_payment", payment(invoice_id, 1999, delivery="other"))
    with pytest.raises(RefusedError, match="recorded with another amount"):
        operate(invoke, "match", unmatchedId=only_unmatched(invoke), invoice=invoice_id)

    assert empty.query("SELECT amount FROM invoices.payments") == [(1000,)]


def test_an_early_refund_follows_its_payment_that_is_matched(empty: Released, invoke: Invoke) -> None:
    invoice_id, unmatched_id = invoiced(empty, invoke), misdirected(invoke)
    invoke("record_payment", refund())
    assert operate(invoke, "unmatched")["waiting"] == 2
    answer = operate(invoke, "match", unmatchedId=unmatched_id, invoice=invoice_id)

    assert (answer["outcome"], answer["invoice"]["status"], answer["eventsQueued"]) == ("recorded", "issued", 0)
    assert operate(invoke, "unmatched")["waiting"] == 0
    assert empty.query("SELECT refund_id, amount FROM invoices.refunds") == [("r1", 1999)]


def test_a_refund_is_matched_to_the_payment_that_it_names_and_reopens_the_invoice(
    empty: Released, invoke: Invoke
) -> None:
    invoice_id = invoiced(empty, invoke)
    invoke("record_payment", payment(invoice_id, named="p2"))
    invoke("record_payment", refund("p1"))
    unmatched_id = only_unmatched(invoke)
    with pytest.raises(RefusedError, match="the payment that it names is not recorded"):
        operate(invoke, "match", unmatchedId=unmatched_id)
    with pytest.raises(RefusedError, match="a refund to the payment that it names"):
        operate(invoke, "match", unmatchedId=unmatched_id, invoice=invoice_id)

    with empty.admin() as connection:
        connection.execute("UPDATE invoices.payments SET payment_id = 'p1'")
    answer = operate(invoke, "match", unmatchedId=unmatched_id)
    assert (answer["outcome"], answer["invoice"]["status"], answer["eventsQueued"]) == ("recorded", "issued", 1)


def test_a_payment_needs_an_invoice_and_an_unknown_one_is_named(empty: Released, invoke: Invoke) -> None:
    with pytest.raises(RefusedError, match="a payment is matched to an invoice"):
        operate(invoke, "match", unmatchedId=misdirected(invoke))
    unknown = str(uuid.uuid4())
    with pytest.raises(UnknownMessageError, match=f"no unmatched payment has the id {unknown}"):
        operate(invoke, "match", unmatchedId=unknown, invoice="1")


def test_a_total_of_stripes_is_read_as_one_when_its_payment_is_matched(empty: Released, invoke: Invoke) -> None:
    """Refunds that came before their payment: the highest total counts, and not their sum."""
    invoice_id = invoiced(empty, invoke)
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount_received": 1999,
        "currency": "brl",
        "created": 1_795_000_000,
    }
    paid = {"type": "payment_intent.succeeded", "id": "evt_1", "created": 1_795_000_000}
    invoke("record_payment", stripe({**paid, "data": {"object": {**intent, "metadata": {"invoiceId": NOWHERE}}}}))
    charge = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1", "currency": "brl"}
    for number, total in enumerate((500, 1999)):
        told_of = {"type": "charge.refunded", "id": f"evt_r{number}", "created": 1_795_000_100 + number}
        invoke("record_payment", stripe({**told_of, "data": {"object": {**charge, "amount_refunded": total}}}))
    rows = {each["kind"]: each["unmatchedId"] for each in operate(invoke, "unmatched")["payments"]}
    assert set(rows) == {"payment", "refund"}

    operate(invoke, "match", unmatchedId=rows["payment"], invoice=invoice_id)

    assert empty.query("SELECT sum(amount)::int FROM invoices.refunds") == [(1999,)]
    assert operate(invoke, "unmatched")["waiting"] == 0
