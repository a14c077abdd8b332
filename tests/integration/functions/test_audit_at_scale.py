"""An audit of the last days costs what those days have, however many orders, invoices and payments came before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Released

from operations import progress_repository
from operations.audit import NUMBERS_OF_A_RECENT_AUDIT, first_id
from operations.findings import FINDINGS, MONEY_TO_RETURN

ORDERS = 100_000
DAYS = 100
# Ids as UUID version 7 orders them: evenly over the last hundred days. Two of five invoices are paid, in two parts,
# and one is canceled.
SEED = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, created_at, updated_at, invoice_version)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid,
       'c', 1000, 'BRL', (ARRAY['pending', 'paid', 'pending', 'paid', 'canceled'])[1 + n %% 5], moment, moment, 0
FROM generate_series(1, %(orders)s) n, LATERAL (
    SELECT now() - n * %(days)s * interval '1 day' / %(orders)s AS moment
) at;
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at, updated_at,
    version)
SELECT row_number() OVER (ORDER BY order_id), order_id, customer_id, amount, currency,
       CASE status WHEN 'pending' THEN 'issued' ELSE status END, created_at, created_at, created_at, 1
FROM orders.orders;
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at, recorded_at)
SELECT 'p', invoice_id || '-' || part, invoice_id, 500, 'BRL', issued_at, issued_at
FROM invoices.invoices, generate_series(1, 2) part WHERE status = 'paid';
INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at, recorded_at)
SELECT provider, payment_id, payment_id, 1, paid_at, paid_at FROM invoices.payments WHERE payment_id < '8';
INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
SELECT row_number() OVER (ORDER BY number), invoice_id, amount, currency, issued_at
FROM invoices.invoices WHERE status = 'canceled';
UPDATE invoices.invoice_counter SET last_number = %(orders)s;
ANALYZE orders.orders, invoices.invoices, invoices.payments, invoices.refunds, invoices.credit_notes;
"""
# Those that look at a table with a row for each order.
ASKED = {
    name: each.statement
    for name, each in (FINDINGS | MONEY_TO_RETURN).items()
    if name not in ("oldOutboxRows", "unmatchedPayments", "invoiceNumberGaps", "creditNoteNumberGaps")
}


@pytest.fixture(scope="module")
def many(released: Released) -> Iterator[psycopg.Connection[Any]]:
    """A transaction with many orders, of which nothing stays."""
    with psycopg.connect(released.postgres.dsn, dbname="orders") as connection:
        for table in ("invoices.refunds", "invoices.payments", "invoices.credit_notes", "invoices.invoices"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM orders.idempotency_keys")
        connection.execute("DELETE FROM orders.orders")
        psycopg.ClientCursor(connection).execute(SEED, {"orders": ORDERS, "days": DAYS})
        yield connection
        connection.rollback()


def explained(connection: psycopg.Connection[Any], statement: str, days: int | None) -> tuple[int, list[str]]:
    """How many rows the statement reads from tables, and which tables it reads whole."""
    numbers = NUMBERS_OF_A_RECENT_AUDIT
    parameters = {"since": first_id(days), "older_than_s": 120, "numbers": numbers, "limit": 100}
    return read_by(connection, statement, parameters)


def read_by(
    connection: psycopg.Connection[Any], statement: str, parameters: Mapping[str, Any]
) -> tuple[int, list[str]]:
    row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).fetchone()
    assert row is not None
    scans = list(scans_of(row[0][0]["Plan"]))
    read = sum(scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) for scan in scans)
    return int(read), [scan["Relation Name"] for scan in scans if scan["Node Type"] == "Seq Scan"]


def scans_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for child in plan.get("Plans", []):
        yield from scans_of(child)


@pytest.mark.parametrize("name", ASKED)
def test_the_last_days_are_read_and_not_the_years_before(many: psycopg.Connection[Any], name: str) -> None:
    of_a_day, whole = explained(many, ASKED[name], 1)
    of_all, _ = explained(many, ASKED[name], None)

    assert not {"orders", "invoices", "payments", "credit_notes"} & set(whole)
    assert of_a_day < 10 * ORDERS / DAYS
    assert of_all > 20 * of_a_day


def test_an_incremental_audit_reaches_what_it_looks_at_by_an_index(many: psycopg.Connection[Any]) -> None:
    of_a_day = ORDERS // DAYS
    bounds = {
        "older_than_s": 120,
        "order_from": first_id(1),
        "order_to": first_id(0),
        "invoice_from": ORDERS - of_a_day,
        "invoice_to": ORDERS,
        "credit_note_from": (ORDERS - of_a_day) // 5,
        "credit_note_to": ORDERS // 5,
        "changed_at": datetime.now(UTC) - timedelta(days=1),
        "found_from": first_id(None),
        "found_to": first_id(0),
        "swept_order_from": first_id(50),
        "swept_order_to": first_id(49),
        "swept_invoice_from": 10 * of_a_day,
        "swept_invoice_to": 11 * of_a_day,
    }
    rows, whole = read_by(many, progress_repository.LOOK, bounds)

    assert not {"orders", "invoices", "payments", "refunds", "credit_notes"} & set(whole)
    # Three days' orders, each with its invoice, two payments and their refunds, by several ways.
    assert 3 * of_a_day < rows < 40 * of_a_day
