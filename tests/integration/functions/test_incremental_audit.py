"""The scheduled audit: what is new or changed, what was wrong before, and in the end what a full audit finds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.life_rows import invoiced, paid
from tests.integration.functions.test_operations import Invoke, operate

from operations import incremental
from operations.findings import FINDINGS, MONEY_TO_RETURN
from outbox import uuid7

EVERYTHING = [*FINDINGS, *MONEY_TO_RETURN]
# What the audit's own tables are about; the others are counted as they are.
OLD = timedelta(hours=2)


def old_id(age: timedelta = OLD) -> str:
    return str(uuid7((datetime.now(UTC) - age).replace(microsecond=0)))


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name]["count"] for name in EVERYTHING if report[name]["count"]}


def increment(invoke: Invoke, **arguments: Any) -> dict[str, int]:
    return counts(operate(invoke, "audit", incremental=True, **arguments))


def ordered(released: Released, *, age: timedelta = OLD) -> str:
    """An order without invoice."""
    order_id = old_id(age)
    execute(
        released,
        "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
        " VALUES (%s, 'demo', 1999, 'BRL', now() - %s)",
        order_id,
        age,
    )
    return order_id


def execute(released: Released, statement: str, *parameters: Any) -> None:
    with released.admin() as connection:
        connection.execute(statement, parameters or None)


def test_a_finding_stays_until_it_is_mended_however_far_the_audit_has_gone(empty: Released, invoke: Invoke) -> None:
    lost = ordered(empty)
    for _ in range(3):
        report = operate(invoke, "audit", incremental=True)
        assert (report["healthy"], counts(report)) == (False, {"ordersWithoutInvoice": 1})
        assert report["ordersWithoutInvoice"]["first"] == [{"orderId": lost}]
        invoiced(empty, order_id=old_id())

    execute(
        empty,
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        " SELECT 4, order_id, customer_id, amount, currency, now(), now() FROM orders.orders WHERE order_id = %s",
        lost,
    )
    execute(empty, "UPDATE invoices.invoice_counter SET last_number = 4")
    assert increment(invoke) == {}
    assert empty.count("audit.open_findings") == 0


def test_an_order_is_looked_at_once_its_invoice_is_expected(empty: Released, invoke: Invoke) -> None:
    ordered(empty, age=timedelta(seconds=150))
    assert increment(invoke) == {}, "it may not even be committed"

    assert increment(invoke, olderThanSeconds=60) == {"ordersWithoutInvoice": 1}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE orders.orders SET status = 'canceled', updated_at = now()", "canceledOrdersWithoutCanceledInvoice"),
        ("UPDATE orders.orders SET status = 'paid', updated_at = now()", "paidOrdersWithoutPaidInvoice"),
        ("UPDATE orders.orders SET invoice_version = 9, updated_at = now()", "ordersBesideTheirInvoice"),
    ],
)
def test_an_order_that_changes_long_after_is_looked_at_again(
    empty: Released, invoke: Invoke, change: str, name: str
) -> None:
    invoiced(empty, order_id=old_id(timedelta(days=100)))
    assert increment(invoke) == {}

    execute(empty, change)
    # What the other side has to hear is late only then, and the change is still within what is looked at.
    assert increment(invoke, olderThanSeconds=0) == {name: 1}
    assert increment(invoke, olderThanSeconds=0) == {name: 1}


def test_money_for_an_old_invoice_is_looked_at(empty: Released, invoke: Invoke) -> None:
    invoiced(empty, order_id=old_id(timedelta(days=100)))
    assert increment(invoke) == {}

    paid(empty, 1999)
    assert increment(invoke) == {"invoicesBesideTheirPayments": 1}
    paid(empty, 1, refunded=1)
    execute(empty, "UPDATE invoices.invoices SET status = 'paid'")
    execute(empty, "UPDATE orders.orders SET status = 'paid'")
    assert increment(invoke) == {}

    execute(empty, "UPDATE audit.progress SET changed_at = clock_timestamp()")
    execute(empty, "UPDATE invoices.refunds SET amount = 2, recorded_at = clock_timestamp()")
    assert increment(invoke) == {"invoicesBesideTheirPayments": 1}


def test_a_canceled_invoice_is_looked_at_by_the_number_of_its_note(empty: Released, invoke: Invoke) -> None:
    invoiced(empty, order_id=old_id(timedelta(days=100)))
    assert increment(invoke) == {}
    execute(empty, "UPDATE audit.progress SET changed_at = clock_timestamp(), swept_invoice_number = 10")

    execute(empty, "UPDATE invoices.invoices SET status = 'canceled'")
    execute(
        empty,
        "INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)"
        " SELECT 1, invoice_id, amount, currency, now() FROM invoices.invoices",
    )
    execute(empty, "UPDATE invoices.credit_note_counter SET last_number = 1")
    execute(empty, "UPDATE audit.progress SET swept_order_id = order_id")
    assert increment(invoke) == {"ordersBesideTheirInvoice": 1}


def test_missing_numbers_are_remembered_and_forgotten_once_they_are_there(empty: Released, invoke: Invoke) -> None:
    for number in (1, 2, 5, 8):
        invoiced(empty, number=number, order_id=old_id())
    report = operate(invoke, "audit", incremental=True)
    assert counts(report) == {"invoiceNumberGaps": 4}
    assert report["invoiceNumberGaps"]["first"] == [{"first": 3, "last": 4}, {"first": 6, "last": 7}]
    execute(empty, "UPDATE invoices.credit_note_counter SET last_number = 2")
    assert increment(invoke) == {"invoiceNumberGaps": 4, "creditNoteNumberGaps": 2}

    invoiced(empty, number=6, order_id=old_id())
    execute(empty, "UPDATE invoices.invoice_counter SET last_number = 9")
    report = operate(invoke, "audit", incremental=True)
    assert report["invoiceNumberGaps"] == {
        "count": 4,
        "first": [{"first": 3, "last": 4}, {"first": 7, "last": 7}, {"first": 9, "last": 9}],
    }


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE invoices.invoices SET amount = amount + 1 WHERE number = 13", "invoicesDifferingFromOrder"),
        ("DELETE FROM invoices.invoices WHERE number = 13", "invoiceNumberGaps"),
        (
            "DELETE FROM orders.orders WHERE order_id = (SELECT order_id FROM invoices.invoices WHERE number = 13)",
            "invoicesWithoutOrder",
        ),
    ],
)
def test_what_leaves_no_trace_is_swept_up(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, damage: str, name: str
) -> None:
    for _ in range(20):
        invoiced(empty, order_id=old_id())
    execute(empty, "UPDATE invoices.invoice_counter SET last_number = 20")
    assert increment(invoke) == {}
    monkeypatch.setattr(incremental, "SWEPT", 6)

    execute(empty, damage)
    seen = [increment(invoke) for _ in range(5)]
    assert seen[-1][name] == 1
    assert counts(operate(invoke, "audit")) == seen[-1]


def test_it_goes_in_steps_and_says_how_far_behind_it_is(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incremental, "STEP", 4)
    for days in range(12, 0, -1):
        ordered(empty, age=timedelta(days=days))
    with empty.admin() as connection:
        behind = incremental.catch_up(connection, older_than_s=120, is_deadline_near=lambda: True)
        assert 8.9 < behind / 86_400 < 9.1
        assert empty.count("audit.open_findings") == 4
        behind = incremental.catch_up(connection, older_than_s=120, is_deadline_near=lambda: False)
    assert behind < 200
    assert increment(invoke) == {"ordersWithoutInvoice": 12}


def test_very_many_findings_are_looked_at_again_in_steps(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage of a day, say."""
    for _ in range(10):
        ordered(empty)
    assert increment(invoke) == {"ordersWithoutInvoice": 10}
    execute(
        empty,
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        " SELECT row_number() OVER (), order_id, customer_id, amount, currency, now(), now() FROM orders.orders",
    )
    # Nothing is new, and nothing is swept up in the first step: the invoices' counter still says none.
    execute(empty, "UPDATE audit.progress SET swept_order_id = order_id")
    monkeypatch.setattr(incremental, "STEP", 4)
    with empty.admin() as connection:
        incremental.catch_up(connection, older_than_s=120, is_deadline_near=lambda: True)
        assert empty.count("audit.open_findings") == 6
        incremental.catch_up(connection, older_than_s=120, is_deadline_near=lambda: False)
        assert empty.count("audit.open_findings") == 0


def test_two_at_once_are_one_after_the_other(empty: Released, invoke: Invoke) -> None:
    with psycopg.connect(empty.postgres.dsn, dbname="orders") as other:
        other.execute("SELECT FROM audit.progress FOR UPDATE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            increment(invoke)
    assert increment(invoke) == {}


ORDERS = ("pending", "paid", "canceled")
INVOICES = ("issued", "paid", "canceled")


def live(released: Released, chance: random.Random) -> None:
    """An order, its invoice and its money, well or not."""
    number = 1 + released.count("invoices.invoices") + (chance.random() < 0.1)
    invoiced(
        released,
        order_id=old_id(timedelta(minutes=chance.randint(5, 9_000))),
        order=chance.choice(ORDERS),
        invoice=chance.choice(INVOICES),
        number=number,
        credit_note=1 + released.count("invoices.credit_notes") if chance.random() < 0.8 else None,
        heeded=chance.randint(0, 2),
        version=chance.randint(0, 2),
    )
    if chance.random() < 0.6:
        paid(released, chance.choice((1000, 1999, 2500)), number=number, refunded=chance.choice((0, 0, 1, 600)))


CHANGES = (
    "UPDATE orders.orders SET status = 'paid', updated_at = now() - interval '3 min' WHERE status = 'pending'",
    "UPDATE orders.orders SET invoice_version = 0, updated_at = now() WHERE invoice_version = 2",
    "UPDATE orders.orders SET status = 'canceled', updated_at = now() - interval '3 min' WHERE status = 'paid'",
)


@pytest.mark.parametrize("seed", range(4))
def test_in_the_end_it_finds_what_a_full_audit_finds(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(incremental, "STEP", 7)
    chance = random.Random(seed)
    for change in CHANGES:
        for _ in range(8):
            try:
                live(empty, chance)
            except psycopg.errors.UniqueViolation:
                continue
            if chance.random() < 0.3:
                ordered(empty)
        assert increment(invoke) == counts(operate(invoke, "audit"))
        execute(empty, change)
        assert increment(invoke) == counts(operate(invoke, "audit"))
