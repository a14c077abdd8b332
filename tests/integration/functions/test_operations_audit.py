"""What an audit finds in the life of an order after its invoice: payments, cancellations, credit notes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.life_rows import invoiced, paid, unmatched
from tests.integration.functions.test_operations import Invoke, operate

NEW = (
    "paidInvoicesWithoutPaidOrder",
    "paidOrdersWithoutPaidInvoice",
    "canceledOrdersWithoutCanceledInvoice",
    "ordersBesideTheirInvoice",
    "invoicesBesideTheirPayments",
    "canceledInvoicesWithoutCreditNote",
    "creditNoteNumberGaps",
    "unmatchedPayments",
    "overpaidInvoices",
    "owedBack",
)


def found(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name]["count"] for name in NEW if report[name]["count"]}


def test_lives_that_went_as_they_should_are_well(empty: Released, invoke: Invoke) -> None:
    invoiced(empty)
    invoiced(empty, order="paid", invoice="paid", heeded=1, version=1)
    paid(empty, 1000, number=2)
    paid(empty, 1500, number=2, refunded=501)
    invoiced(empty, order="canceled", invoice="canceled", version=1)
    invoiced(empty, heeded=2, version=2)
    paid(empty, 1999, number=4, refunded=1)

    for arguments in ({}, {"days": 7}, {"olderThanSeconds": 0}):
        report = operate(invoke, "audit", **arguments)
        assert (report["healthy"], found(report)) == (True, {}), report


@pytest.mark.parametrize(
    ("order", "invoice", "name"),
    [
        ("pending", "paid", "paidInvoicesWithoutPaidOrder"),
        ("paid", "issued", "paidOrdersWithoutPaidInvoice"),
        ("canceled", "issued", "canceledOrdersWithoutCanceledInvoice"),
        ("canceled", "paid", "canceledOrdersWithoutCanceledInvoice"),
    ],
)
def test_what_one_side_was_not_told_is_found_once_it_should_have_been(
    empty: Released, invoke: Invoke, order: str, invoice: str, name: str
) -> None:
    order_id = invoiced(empty, order=order, invoice=invoice, heeded=1, version=1, age_s=60)
    if invoice == "paid":
        paid(empty, 1999)
    assert found(operate(invoke, "audit")) == {}, "the event may still come"

    report = operate(invoke, "audit", olderThanSeconds=30)
    assert (report["healthy"], found(report)) == (False, {name: 1})
    status = {"order": order, "invoice": invoice}
    assert report[name]["first"] == [{"orderId": order_id, "number": 1, "status": status}]


@pytest.mark.parametrize(
    "changes",
    [
        {"order": "pending", "invoice": "canceled"},
        {"order": "paid", "invoice": "canceled"},
        {"order": "pending", "invoice": "issued", "heeded": 3, "version": 2},
    ],
    ids=["canceled and pending", "canceled and paid at once", "a version that never was"],
)
def test_an_order_that_no_event_leads_to_is_found_at_once(
    empty: Released, invoke: Invoke, changes: dict[str, Any]
) -> None:
    invoiced(empty, **changes, age_s=0)
    report = operate(invoke, "audit")

    assert (report["healthy"], found(report)) == (False, {"ordersBesideTheirInvoice": 1})


@pytest.mark.parametrize(
    ("status", "amount", "refunded", "is_found"),
    [
        ("paid", 1998, 0, True),
        ("paid", 1999, 1, True),
        ("paid", 0, 0, True),
        ("issued", 1999, 0, True),
        ("issued", 1999, 1, False),
        ("paid", 2000, 1, False),
    ],
)
def test_an_invoice_whose_status_is_not_that_of_its_payments_is_found_at_once(
    empty: Released, invoke: Invoke, status: str, amount: int, refunded: int, is_found: bool
) -> None:
    invoiced(empty, order="paid" if status == "paid" else "pending", invoice=status, heeded=1, version=1, age_s=0)
    if amount:
        paid(empty, amount, refunded=refunded)
    report = operate(invoke, "audit", days=1)

    assert found(report) == ({"invoicesBesideTheirPayments": 1} if is_found else {}), report
    if is_found:
        (first,) = report["invoicesBesideTheirPayments"]["first"]
        assert (first["status"], first["amount"], first["paid"]) == (status, 1999, amount - refunded)


def test_payments_of_one_invoice_add_up_and_each_loses_its_own_refunds(empty: Released, invoke: Invoke) -> None:
    invoiced(empty, order="paid", invoice="paid", heeded=1, version=1)
    for refunded in (0, 300, 700):
        paid(empty, 1000, refunded=refunded)
    assert operate(invoke, "audit")["healthy"]
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.refunds SET amount = amount + 2 WHERE amount = 300")

    (first,) = operate(invoke, "audit")["invoicesBesideTheirPayments"]["first"]
    assert first["paid"] == 1998


def test_what_is_overpaid_is_shown_and_is_no_failure(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty, order="paid", invoice="paid", heeded=1, version=1)
    paid(empty, 5000, refunded=1)
    report = operate(invoke, "audit")

    assert (report["healthy"], found(report)) == (True, {"overpaidInvoices": 1})
    assert report["overpaidInvoices"]["first"] == [
        {"orderId": order_id, "number": 1, "status": "paid", "currency": "BRL", "amount": 1999, "paid": 4999}
    ]


def test_what_was_paid_for_a_canceled_invoice_is_owed_back_until_it_is_refunded(
    empty: Released, invoke: Invoke
) -> None:
    order_id = invoiced(empty, order="canceled", invoice="canceled", version=2)
    paid(empty, 1999, refunded=500)
    report = operate(invoke, "audit", days=7)

    assert (report["healthy"], found(report)) == (True, {"owedBack": 1})
    assert report["owedBack"]["first"] == [{"orderId": order_id, "number": 1, "currency": "BRL", "owed": 1499}]
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.refunds SET amount = 1999")
    assert found(operate(invoke, "audit")) == {}


def test_a_canceled_invoice_has_its_credit_note_and_their_numbers_have_no_gap(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty, order="canceled", invoice="canceled", credit_note=None)
    for number in (1, 4):
        invoiced(empty, order="canceled", invoice="canceled", credit_note=number)
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.credit_note_counter SET last_number = 5")
    for arguments in ({}, {"days": 7}):
        report = operate(invoke, "audit", **arguments)

        assert not report["healthy"]
        assert found(report) == {"canceledInvoicesWithoutCreditNote": 1, "creditNoteNumberGaps": 3}
        assert report["canceledInvoicesWithoutCreditNote"]["first"] == [{"orderId": order_id, "number": 1}]
        assert report["creditNoteNumberGaps"]["first"] == [{"first": 2, "last": 3}, {"first": 5, "last": 5}]


def test_an_unmatched_payment_is_a_finding_until_it_is_matched_or_dismissed(empty: Released, invoke: Invoke) -> None:
    chosen = unmatched(empty, "p-1")
    report = operate(invoke, "audit")

    assert (report["healthy"], found(report)) == (False, {"unmatchedPayments": 1})
    assert report["unmatchedPayments"]["first"] == [
        {
            "unmatchedId": chosen,
            "kind": "payment",
            "provider": "default",
            "paymentId": "p-1",
            "invoice": "42",
            "amount": 1999,
            "currency": "BRL",
            "reason": "no such invoice",
        }
    ]
    operate(invoke, "dismissUnmatched", unmatchedId=chosen)
    assert operate(invoke, "audit")["healthy"]


def test_an_audit_of_the_last_days_leaves_older_lives_out(empty: Released, invoke: Invoke) -> None:
    old = "0100f8a0-0000-7000-8000-00000000000{}"
    invoiced(empty, order_id=old.format(1), order="pending", invoice="paid", version=1)
    invoiced(empty, order_id=old.format(2), order="canceled", invoice="issued")
    invoiced(empty, order_id=old.format(3), order="canceled", invoice="canceled", credit_note=None, version=1)
    paid(empty, 1999, number=3)

    assert found(operate(invoke, "audit", days=7)) == {}
    assert found(operate(invoke, "audit")) == {
        "paidInvoicesWithoutPaidOrder": 1,
        "canceledOrdersWithoutCanceledInvoice": 1,
        "invoicesBesideTheirPayments": 1,
        "canceledInvoicesWithoutCreditNote": 1,
        "owedBack": 1,
    }
