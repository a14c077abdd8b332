"""The checker finds what it is there for: each broken guarantee, told apart, with the story of its order."""

from __future__ import annotations

from typing import Any

import pytest

from proof.chaos.checker import Expected, check
from proof.chaos.history import UNKNOWN, History, Injection, Intent, Request
from proof.chaos.records import InvoiceRow, OrderRow, ParkedRow, Records

INTENT = Intent(customer="demo", amount=1_000_000_001, currency="BRL", key="a key")
ORDER = OrderRow(order_id="o1", customer_id="demo", amount=INTENT.amount, currency="BRL")
INVOICE = InvoiceRow(number=1, order_id="o1", customer_id="demo", amount=INTENT.amount, currency="BRL")
BODY = {"orderId": "o1", "invoice": None}
INVOICED = {"orderId": "o1", "invoice": {"number": 1}}


def request(method: str = "POST", status: int = 201, **changes: Any) -> Request:
    made: dict[str, Any] = {
        "client": 0,
        "method": method,
        "path": "/orders" if method == "POST" else "/orders/o1",
        "intent": INTENT,
        "sent_amount": INTENT.amount if method == "POST" else None,
        "began_s": 1.0,
        "ended_s": 2.0,
        "status": status,
        "body": BODY if status == 201 else None,
    }
    return Request(**{**made, **changes})


def history(*requests: Request) -> History:
    return History(requests=list(requests))


def records(**changes: Any) -> Records:
    made: dict[str, Any] = {"orders": [ORDER], "invoices": [INVOICE], "numbers": [1]}
    return Records(**{**made, **changes})


def kinds(told: History, found: Records, expected: Expected | None = None) -> set[str]:
    return {violation.kind for violation in check(told, found, expected or Expected()).violations}


def test_an_accepted_order_with_its_invoice_is_all_right() -> None:
    assert kinds(history(request(), request(is_replay=True)), records()) == set()


def test_a_201_without_an_order_is_lost() -> None:
    assert kinds(history(request()), records(orders=[], invoices=[], numbers=[])) == {"lost"}


def test_an_order_without_an_invoice_is_lost() -> None:
    assert kinds(history(request()), records(invoices=[], numbers=[])) == {"lost"}


def test_an_unanswered_order_without_an_invoice_is_lost_too() -> None:
    told = history(request(status=UNKNOWN))
    assert kinds(told, records(orders=[], invoices=[], numbers=[])) == set()
    assert kinds(told, records(invoices=[], numbers=[])) == {"lost"}


def test_an_order_read_as_not_found_is_lost() -> None:
    assert kinds(history(request(), request("GET", 404)), records()) == {"lost"}


@pytest.mark.parametrize(
    "found",
    [
        records(orders=[ORDER, OrderRow(**{**vars(ORDER), "order_id": "o2"})]),
        records(invoices=[INVOICE, InvoiceRow(**{**vars(INVOICE), "number": 2})], numbers=[1, 2]),
        records(invoices=[INVOICE, InvoiceRow(**{**vars(INVOICE), "order_id": "o9", "number": 2})], numbers=[1, 2]),
        records(numbers=[1, 1]),
    ],
)
def test_two_of_anything_are_a_duplicate(found: Records) -> None:
    assert "duplicate" in kinds(history(request()), found)


def test_two_answers_for_one_key_are_a_duplicate() -> None:
    told = history(request(), request(body={"orderId": "o2", "invoice": None}))
    assert "duplicate" in kinds(told, records())


def test_a_refused_order_that_exists_is_a_duplicate() -> None:
    assert kinds(history(request(status=422)), records()) == {"duplicate"}
    assert kinds(history(request(status=422), request(status=503)), records()) == set()


def test_a_key_with_another_body_may_make_nothing() -> None:
    second = OrderRow(**{**vars(ORDER), "order_id": "o2", "amount": 7})
    mistake = request(status=422, sent_amount=7)
    assert kinds(history(request(), mistake), records()) == set()
    assert "duplicate" in kinds(history(request(), mistake), records(orders=[ORDER, second]))
    assert "changed" in kinds(history(request(), request(sent_amount=7)), records())


def test_an_invoice_that_changes_or_vanishes_is_noticed() -> None:
    first = request("GET", 200, body=INVOICED)
    later = {"began_s": 3.0, "ended_s": 4.0}
    assert kinds(history(request(), first, request("GET", 200, body=INVOICED, **later)), records()) == set()
    assert kinds(history(request(), first, request("GET", 200, body=BODY, **later)), records()) == {"changed"}


def test_reads_that_overlap_may_see_before_and_after() -> None:
    overlapping = request("GET", 200, body=BODY, began_s=1.5, ended_s=3.0)
    assert kinds(history(request(), request("GET", 200, body=INVOICED), overlapping), records()) == set()


def test_an_order_that_somebody_else_reads_is_noticed() -> None:
    assert kinds(history(request(), request("GET as other", 404)), records()) == set()
    assert kinds(history(request(), request("GET as other", 200, body=BODY)), records()) == {"foreign"}


def test_missing_invoice_numbers_are_noticed() -> None:
    assert kinds(history(request()), records(numbers=[2])) == {"lost"}


def test_messages_and_events_that_are_left_over_are_noticed() -> None:
    assert kinds(history(request()), records(outbox=1)) == {"lost"}
    assert kinds(history(request()), records(queue_depths={"queue": 1})) == {"lost"}


def test_what_moved_too_late_has_stalled_though_nothing_is_lost() -> None:
    assert kinds(history(request()), records(stalled=["90 s after the last fault: outbox"])) == {"stalled"}


def test_poison_is_parked_once_and_nothing_else_is() -> None:
    expected = Expected(poison=frozenset([b"poison"]))
    parked = ParkedRow(body=b"poison", reason="not JSON")
    assert kinds(history(request()), records(parked=[parked]), expected) == set()
    assert kinds(history(request()), records(), expected) == {"harmed"}
    assert kinds(history(request()), records(parked=[parked, parked]), expected) == {"duplicate"}
    assert kinds(history(request()), records(parked=[parked])) == {"harmed"}


def test_what_the_nemesis_sent_itself_may_be_invoiced_once() -> None:
    stray = InvoiceRow(**{**vars(INVOICE), "order_id": "o9", "number": 2})
    expected = Expected(stray_order_ids=frozenset(["o9"]))
    assert kinds(history(request()), records(invoices=[INVOICE, stray], numbers=[1, 2]), expected) == set()
    twice = records(invoices=[INVOICE, stray, InvoiceRow(**{**vars(stray), "number": 3})], numbers=[1, 2, 3])
    assert kinds(history(request()), twice, expected) == {"duplicate"}


def test_a_violation_tells_the_story_of_its_order() -> None:
    told = history(request(status=UNKNOWN, error="ConnectionResetError"), request(began_s=5.0, ended_s=6.0))
    told.add_injection(Injection(fault="gateway killed", began_s=1.5, ended_s=3.0, evidence="pid 1 became 2"))
    told.add_injection(Injection(fault="long after", began_s=90.0, ended_s=91.0, evidence="-"))
    story = check(told, records(invoices=[], numbers=[]), Expected()).violations[0].story
    assert [line[22:].split(":")[0].strip() for line in story.splitlines()] == [
        "client 0",
        "gateway killed",
        "client 0",
    ]
    assert "ConnectionResetError" in story
