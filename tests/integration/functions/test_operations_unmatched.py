"""Payments that fit nothing: listed, dismissed, and purged with parked messages after their time."""

from __future__ import annotations

import uuid

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.life_rows import parked, unmatched
from tests.integration.functions.test_operations import Invoke, operate
from tests.integration.functions.test_operations_outbox import paged

from operations import purge
from operations.parked_messages import UnknownMessageError

DAY_S = 86_400


def states(invoke: Invoke) -> dict[str, str]:
    return {each["unmatchedId"]: each["state"] for each in operate(invoke, "unmatched")["payments"]}


def test_unmatched_payments_and_refunds_are_listed_newest_first(empty: Released, invoke: Invoke) -> None:
    older, newer = unmatched(empty, "p-1", age_s=60), unmatched(empty, "p-1", refund_id="r-1")
    answer = operate(invoke, "unmatched")

    assert (answer["total"], answer["waiting"], answer["nextAfter"]) == (2, 2, None)
    refund, payment = answer["payments"]
    assert (refund["unmatchedId"], refund["kind"], refund["refundId"]) == (newer, "refund", "r-1")
    assert (payment["unmatchedId"], payment["kind"], payment["refundId"]) == (older, "payment", None)
    assert (payment["provider"], payment["paymentId"], payment["invoice"]) == ("default", "p-1", "42")
    assert (payment["amount"], payment["currency"], payment["reason"]) == (1999, "BRL", "no such invoice")
    assert (payment["seenCount"], payment["state"]) == (1, "waiting")
    assert (payment["matchedAt"], payment["dismissedAt"]) == (None, None)
    assert payment["lastSeenAt"] < refund["lastSeenAt"]
    assert operate(invoke, "unmatched", unmatchedId=older)["payments"] == [payment]


def test_unmatched_payments_have_pages(empty: Released, invoke: Invoke) -> None:
    ids = [unmatched(empty, f"p-{number}", age_s=number // 2) for number in range(5)]
    pages = paged(invoke, "unmatched", "payments", limit=2)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {each["unmatchedId"] for page in pages for each in page} == set(ids)


def test_a_dismissed_payment_waits_again_when_it_comes_again_and_a_matched_one_never(
    empty: Released, invoke: Invoke
) -> None:
    dismissed, matched = unmatched(empty, "p-1"), unmatched(empty, "p-2")
    assert operate(invoke, "dismissUnmatched", unmatchedId=dismissed) == {"dismissed": 1}
    with empty.admin() as connection:
        connection.execute("UPDATE invoices.unmatched_payments SET matched_at = now() WHERE payment_id = 'p-2'")
    assert states(invoke) == {dismissed: "dismissed", matched: "matched"}
    assert operate(invoke, "unmatched")["waiting"] == 0
    assert operate(invoke, "audit")["healthy"]

    with empty.admin() as connection:
        connection.execute("UPDATE invoices.unmatched_payments SET last_seen_at = clock_timestamp()")
    assert states(invoke) == {dismissed: "waiting", matched: "matched"}


@pytest.mark.parametrize("operation", ["unmatched", "dismissUnmatched"])
def test_an_unknown_payment_is_an_error(empty: Released, invoke: Invoke, operation: str) -> None:
    with pytest.raises(UnknownMessageError, match="no unmatched payment has the id"):
        operate(invoke, operation, unmatchedId=str(uuid.uuid4()))
    with pytest.raises(UnknownMessageError):
        operate(invoke, "unmatched", after=str(uuid.uuid4()))


def test_what_was_not_seen_for_so_many_days_is_purged_and_nothing_else(empty: Released, invoke: Invoke) -> None:
    kept = {side: parked(empty, side=side, age_s=29 * DAY_S) for side in ("orders", "invoices")}
    for side in kept:
        parked(empty, side=side, age_s=31 * DAY_S)
        operate(invoke, "dismiss", parkedId=parked(empty, side=side, age_s=31 * DAY_S))
    old, young = unmatched(empty, "p-1", age_s=31 * DAY_S), unmatched(empty, "p-2", age_s=29 * DAY_S)

    answer = operate(invoke, "purge", olderThanDays=30)

    assert answer == {"parkedMessages": 4, "unmatchedPayments": 1, "remaining": 0}
    assert {each["parkedId"] for each in operate(invoke, "parked")["messages"]} == set(kept.values())
    assert old not in states(invoke)
    assert young in states(invoke)
    assert operate(invoke, "purge", olderThanDays=30) == {
        "parkedMessages": 0,
        "unmatchedPayments": 0,
        "remaining": 0,
    }


def test_a_purge_goes_in_batches_and_passes_what_is_locked(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "ROWS_PER_BATCH", 3)
    ids = sorted(parked(empty, age_s=2 * DAY_S) for _ in range(10))
    with empty.admin() as connection, connection.transaction():
        connection.execute("SELECT FROM orders.parked_messages WHERE parked_id = %s FOR UPDATE", [ids[1]])
        answer = operate(invoke, "purge", olderThanDays=1)

    assert answer == {"parkedMessages": 9, "unmatchedPayments": 0, "remaining": 1}
    assert empty.query("SELECT parked_id::text FROM orders.parked_messages") == [(ids[1],)]


def test_a_purge_that_runs_out_of_time_says_what_remains(empty: Released, invoke: Invoke) -> None:
    parked(empty, age_s=2 * DAY_S)
    answer = invoke("operations", {"operation": "purge", "olderThanDays": 1}, remaining_ms=6_000)

    assert answer == {"parkedMessages": 0, "unmatchedPayments": 0, "remaining": 1}
