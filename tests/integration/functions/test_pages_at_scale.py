"""A page of orders reads what it shows, however many orders its customer and others have, and whatever is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.integration.functions.conftest import Released

from reading.lists import bounds, statement

ORDERS, OTHERS, DAYS = 100_000, 20_000, 100
SHOWN = 101
# Postgres takes an index from its root to a leaf; a leaf holds more than a hundred rows of these.
LEAVES = 12
NOW = datetime(2026, 11, 22, tzinfo=UTC)
# `big` has most orders, of them hardly any canceled; `other` has nothing else, and `quiet` ordered long ago. Names lie
# on both sides of it, since estimates count the customers below and above one.
SEED = """
CREATE FUNCTION pg_temp.seed(customer text, first bigint, count bigint, ends timestamptz, statuses text[])
RETURNS void LANGUAGE sql AS $$
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, reference, created_at)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7'
           || lpad(to_hex(first + n), 19, '0'))::uuid,
       customer, 1, 'BRL', CASE WHEN n % 1000 = 1 THEN statuses[2] ELSE statuses[1] END,
       CASE WHEN n % 500 = 1 THEN 'a reference' WHEN n % 3 = 0 THEN 'basket ' || n END, moment
FROM generate_series(1, count) n, LATERAL (SELECT ends - n * DAYS * interval '1 day' / count AS moment) at
$$;
SELECT pg_temp.seed('big', 0, ORDERS, 'NOW', '{paid,canceled}'),
       pg_temp.seed('a', 1000000, OTHERS, 'NOW', '{canceled,paid}'),
       pg_temp.seed('other', 2000000, OTHERS, 'NOW', '{canceled,paid}'),
       pg_temp.seed('quiet', 3000000, OTHERS / 4, '2020-01-01Z', '{paid,canceled}');
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at)
SELECT row_number() OVER (ORDER BY order_id), order_id, customer_id, amount, currency,
       CASE status WHEN 'pending' THEN 'issued' ELSE status END, created_at, created_at
FROM orders.orders;
INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
SELECT row_number() OVER (ORDER BY number), invoice_id, amount, currency, issued_at
FROM invoices.invoices WHERE status = 'canceled';
"""
VALUES = {
    "status": "canceled",
    "reference": "a reference",
    "created_from": NOW - timedelta(days=60),
    "created_to": NOW - timedelta(days=40),
}
CHOICES = [chosen for count in range(5) for chosen in combinations(VALUES, count)]


@pytest.fixture(scope="module")
def seeded(released: Released) -> Iterator[psycopg.Connection[Any]]:
    """A transaction with many orders, of which nothing stays."""
    seed = SEED
    for name, value in {"ORDERS": ORDERS, "OTHERS": OTHERS, "DAYS": DAYS, "NOW": NOW}.items():
        seed = seed.replace(name, str(value))
    with psycopg.connect(released.postgres.dsn, dbname="orders") as connection:
        for table in ("invoices.refunds", "invoices.payments", "invoices.credit_notes", "invoices.invoices"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM orders.idempotency_keys")
        connection.execute("DELETE FROM orders.orders")
        connection.execute(seed)
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def many(seeded: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    seeded.execute("ANALYZE orders.orders, invoices.invoices, invoices.credit_notes")
    return seeded


def explained(connection: psycopg.Connection[Any], chosen: tuple[str, ...], *, customer: str) -> list[dict[str, Any]]:
    """The nodes of the plan that a page of this customer is read by, as it ran."""
    values = {name: VALUES[name] for name in chosen}
    first, last = bounds(
        created_from=VALUES["created_from"] if "created_from" in chosen else None,  # type: ignore[arg-type]
        created_to=VALUES["created_to"] if "created_to" in chosen else None,  # type: ignore[arg-type]
        before=UUID(int=2**127),
    )
    parameters = {**values, "customer_id": customer, "first_id": first, "last_id": last, "limit": SHOWN}
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement(frozenset(chosen))}"
    row = connection.execute(explain, parameters).fetchone()
    assert row is not None
    return list(nodes(row[0][0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def index_of(chosen: tuple[str, ...]) -> str:
    for name in ("reference", "status"):
        if name in chosen:
            return f"orders_{name}"
    return "orders_customer"


@pytest.mark.parametrize("customer", ["a", "big", "other", "quiet", "nobody"])
@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: "-".join(chosen) or "all")
def test_a_page_is_one_range_of_one_index(
    many: psycopg.Connection[Any], chosen: tuple[str, ...], customer: str
) -> None:
    plan = explained(many, chosen, customer=customer)
    [scan] = [node for node in plan if node.get("Relation Name") == "orders"]
    read = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
    # A reference's orders are compared with the status one by one, and so is what lies within the margins of a time.
    compared = {"status", "reference"} <= set(chosen) or "created_from" in chosen or "created_to" in chosen

    assert (scan["Node Type"], scan["Scan Direction"], scan["Index Name"]) == (
        "Index Scan",
        "Backward",
        index_of(chosen),
    )
    assert [node["Node Type"] for node in plan if node["Node Type"] in ("Sort", "Seq Scan", "Incremental Sort")] == []
    assert read - scan["Actual Rows"] <= (2 * ORDERS // 500 if compared else 0)
    # Every row may be on a page of its own; beyond them there are a few leaves, whatever the index has beside.
    assert scan["Shared Hit Blocks"] + scan["Shared Read Blocks"] <= read + LEAVES


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: "-".join(chosen) or "all")
def test_a_page_has_all_that_was_chosen(many: psycopg.Connection[Any], chosen: tuple[str, ...]) -> None:
    conditions = {
        "status": "status = %(status)s",
        "reference": "reference = %(reference)s",
        "created_from": "created_at >= %(created_from)s",
        "created_to": "created_at < %(created_to)s",
    }
    where = " AND ".join(["customer_id = 'big'", *(conditions[name] for name in chosen)])
    counted = many.execute(f"SELECT count(*) FROM orders.orders WHERE {where}", VALUES).fetchone()
    [scan] = [node for node in explained(many, chosen, customer="big") if node.get("Relation Name") == "orders"]

    assert counted is not None
    assert 0 < scan["Actual Rows"] == min(SHOWN, counted[0])
