"""The checker finds money that does not add up: each way in which it can, told apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proof.chaos.checker import Expected, check
from proof.chaos.history import Cancellation, History, Intent, Request, Told, Webhook
from proof.chaos.records import CreditNoteRow, InvoiceRow, OrderRow, PaymentRow, Records, UnmatchedRow

INTENT = Intent(customer="demo", amount=1_000_000_001, currency="BRL", key=None)
ORDER = OrderRow(order_id="o1", customer_id="demo", amount=INTENT.amount, currency="BRL", status="paid")
INVOICE = InvoiceRow(
    number=1, order_id="o1", customer_id="demo", amount=INTENT.amount, currency="BRL", invoice_id="i1", status="paid"
)
SENT = Webhook(id="p1", refund_of=None, order_id="o1", invoice_id="i1", amount=INTENT.amount, currency="BRL")
REFUND = replace(SENT, id="r1", refund_of="p1", amount=1)
STORED = PaymentRow(id="p1", refund_of=None, invoice_id="i1", amount=INTENT.amount)
REFUNDED = PaymentRow(id="r1", refund_of="p1", invoice_id="i1", amount=1)
PENDING, ISSUED = replace(ORDER, status="pending"), replace(INVOICE, status="issued")
CANCELED, VOID = replace(ORDER, status="canceled"), replace(INVOICE, status="canceled")
NOTE = CreditNoteRow(number=1, invoice_id="i1")


def told(sent: Webhook = SENT, status: int = 200, outcome: str = "recorded") -> Told:
    return Told(webhook=sent, began_s=3.0, ended_s=4.0, status=status, body={"status": outcome})


def canceled(status: int = 200, **body: Any) -> Cancellation:
    answer = {"status": "canceled"} if status == 200 else body
    return Cancellation(order_id="o1", intent=INTENT, began_s=5.0, ended_s=6.0, status=status, body=answer)


def kinds(records: Records, *deeds: Told | Cancellation) -> set[str]:
    request = Request(
        client=0,
        method="POST",
        path="/orders",
        intent=INTENT,
        sent_amount=INTENT.amount,
        began_s=1.0,
        ended_s=2.0,
        status=201,
        body={"orderId": "o1"},
    )
    history = History()
    history.add(request)
    for deed in deeds:
        if isinstance(deed, Told):
            history.add_told(deed)
        else:
            history.add_cancellation(deed)
    violations = check(history, records, Expected()).violations
    assert all("client 0" in violation.story for violation in violations if "o1" in violation.what)
    return {violation.kind for violation in violations}


def records(order: OrderRow = ORDER, invoice: InvoiceRow = INVOICE, **changes: Any) -> Records:
    made: dict[str, Any] = {"orders": [order], "invoices": [invoice], "numbers": [1], "payments": [STORED]}
    return Records(**{**made, **changes})


def test_a_paid_order_with_its_payment_is_all_right() -> None:
    assert kinds(records(), told(), told(outcome="already recorded")) == set()


def test_a_refund_that_reopens_is_all_right() -> None:
    found = records(PENDING, ISSUED, payments=[STORED, REFUNDED])
    assert kinds(found, told(), told(REFUND)) == set()


def test_a_recorded_payment_that_is_not_there_is_lost() -> None:
    assert kinds(records(PENDING, ISSUED, payments=[]), told()) == {"lost"}


def test_a_payment_that_is_stored_twice_is_a_duplicate() -> None:
    assert "duplicate" in kinds(records(payments=[STORED, STORED]), told())


def test_a_payment_that_was_never_sent_is_a_duplicate() -> None:
    assert kinds(records()) == {"duplicate"}


def test_an_unanswered_payment_may_be_stored_or_not() -> None:
    assert kinds(records(), told(status=0)) == set()
    assert kinds(records(PENDING, ISSUED, payments=[]), told(status=0)) == set()


@pytest.mark.parametrize("wrong", [replace(STORED, amount=2), replace(STORED, invoice_id="another")])
def test_a_payment_that_is_stored_as_another_is_changed(wrong: PaymentRow) -> None:
    assert "changed" in kinds(records(payments=[wrong]), told())


def test_a_good_webhook_that_is_refused_is_harmed() -> None:
    assert kinds(records(PENDING, ISSUED, payments=[]), told(status=401)) == {"harmed"}


def test_a_good_webhook_that_is_not_matched_is_changed() -> None:
    unmatched = [UnmatchedRow(id="p1", reason="why")]
    found = records(PENDING, ISSUED, payments=[], unmatched=unmatched)
    assert kinds(found, told(outcome="unmatched")) == {"changed"}


def test_a_status_that_its_payments_do_not_bear_out_is_changed() -> None:
    assert "changed" in kinds(records(payments=[STORED, REFUNDED]), told(), told(REFUND))
    assert "changed" in kinds(records(PENDING, ISSUED), told())


def test_an_order_that_did_not_hear_of_its_invoice_has_stalled() -> None:
    assert kinds(records(PENDING), told()) == {"stalled"}
    assert kinds(records(ORDER, ISSUED, payments=[STORED, REFUNDED]), told(), told(REFUND)) == {"stalled"}


def test_a_canceled_order_with_its_credit_note_is_all_right_also_when_it_was_paid() -> None:
    assert kinds(records(CANCELED, VOID, credit_notes=[NOTE]), told(), canceled()) == set()


def test_a_cancellation_that_the_invoice_did_not_hear_of_has_stalled() -> None:
    assert kinds(records(CANCELED), told(), canceled()) == {"stalled"}


def test_a_granted_cancellation_that_does_not_stand_is_lost() -> None:
    assert kinds(records(), told(), canceled()) == {"lost"}


def test_an_order_that_is_canceled_of_itself_is_changed() -> None:
    assert kinds(records(CANCELED, VOID, credit_notes=[NOTE]), told()) == {"changed"}


def test_an_order_that_was_never_paid_may_be_canceled() -> None:
    refusal = canceled(409, type="urn:serverless-orders:problem:order-paid")
    assert kinds(records(PENDING, ISSUED, payments=[]), refusal) == {"changed"}
    assert kinds(records(), told(), refusal) == set()


@pytest.mark.parametrize("notes", [[], [NOTE, replace(NOTE, number=2)], [replace(NOTE, number=2)]])
def test_a_canceled_invoice_has_one_credit_note_and_numbers_have_no_gap(notes: list[CreditNoteRow]) -> None:
    assert kinds(records(CANCELED, VOID, credit_notes=notes), told(), canceled()) & {"changed", "lost"}
