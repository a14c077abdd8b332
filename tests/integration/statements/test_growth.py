"""What a statement costs follows from what it is asked for, and not from how many rows there are.

Every statement of functions, layers and the console runs beside 100,000 rows in each table that grows, as the functions
run it: planned anew with its values. What it reads is counted, in rows and in pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
import pytest
from tests.integration.statements import collected, values
from tests.integration.statements.collected import Statement

from proof.bench import rows_at_scale

ROWS = 100_000
# For lists of ten, which may have an order, an invoice, payments and refunds for each, and write them in five indexes.
ROWS_MAX = 1_000
PAGES_MAX = 500
# What has a row for each mistake, and what has one row.
SMALL = {
    "audit.missing_numbers",
    "audit.open_findings",
    "audit.progress",
    "customers.publication",
    "invoices.credit_note_counter",
    "invoices.invoice_counter",
}
# By module and name, with the reason: each of these may read as much as there is.
COUNTED = "a count that is asked for"
OUTAGE = "lists an outage's rows: an index by age would cost every order and every row of the relay more than it gives"
THROUGH_BODIES = "looks for a name in bodies: by hand, of one order or customer, and both tables are short"
MAY_GROW = {
    "operations.audit_queries.OUTBOX": COUNTED,
    "operations.audit_queries.OLD_OUTBOX_ROWS": OUTAGE,
    "operations.outbox_repository.SELECT_OUTBOX": OUTAGE,
    "operations.outbox_repository.COUNT_OUTBOX": COUNTED,
    "operations.repository.COUNT_PARKED": COUNTED,
    "operations.unmatched_repository.COUNT_UNMATCHED": COUNTED,
    "operations.customers_repository.COUNT_CUSTOMERS": COUNTED,
    "orders.console.order_queries.COUNT_OUTBOXES": COUNTED,
    "operations.order_queries.OUTBOX": THROUGH_BODIES,
    "operations.order_queries.PARKED": THROUGH_BODIES,
    "operations.erasure_repository.UNFINISHED": THROUGH_BODIES,
    "operations.erasure_repository.DELETE_PARKED": THROUGH_BODIES,
    "operations.publication.RENDER": "writes every customer",
    "operations.small_mends.FORGET_ATTEMPTS": "forgets every attempt",
}
SIZES = """
SELECT oid::regclass::text, reltuples FROM pg_class
WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('orders', 'invoices', 'customers', 'audit')
"""


@dataclass(frozen=True)
class Filled:
    """A database with many rows, and what statements are given there."""

    connection: psycopg.Connection[Any]
    named: dict[str, Any]
    positional: dict[str, list[Any]]


@dataclass(frozen=True)
class Cost:
    """What one run of a statement read."""

    rows: int
    pages: int
    whole: list[str]

    @property
    def grows(self) -> bool:
        return bool(self.whole) or self.rows > ROWS_MAX or self.pages > PAGES_MAX


@cache
def all_statements() -> list[Statement]:
    return collected.statements()


def measured() -> list[Statement]:
    """Each once, by the first of its names, without the exceptions."""
    by_text = {each.text: each for each in reversed(all_statements())}
    return [each for each in by_text.values() if each.full_name not in MAY_GROW]


@pytest.fixture(scope="session")
def filled(database: Callable[[str], str]) -> Iterator[Filled]:
    with psycopg.connect(database("growth"), autocommit=True) as connection:
        rows_at_scale.fill(connection, ROWS, failed_are_due=True)
        connection.execute("VACUUM ANALYZE")
        sample = values.samples(connection)
        yield Filled(connection, values.by_name(sample), values.by_position(sample))


def cost(connection: psycopg.Connection[Any], statement: str, parameters: Any) -> Cost:
    """Run it, count what its plan read, and take back what it did."""
    with connection.transaction(force_rollback=True):
        row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) {statement}", parameters).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    nodes = list(nodes_of(plan))
    whole = [f"{node['Schema']}.{node['Relation Name']}" for node in nodes if node["Node Type"] == "Seq Scan"]
    return Cost(
        rows=int(sum(map(read_by, nodes))),
        pages=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        whole=[table for table in whole if table not in SMALL and not table.startswith("pg_catalog.")],
    )


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def read_by(node: dict[str, Any]) -> float:
    """What a node took from a table, or threw away of what others took."""
    taken: float = node["Actual Rows"] if "Relation Name" in node and node["Node Type"] != "ModifyTable" else 0
    removed = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    return float(node["Actual Loops"]) * (taken + sum(node.get(name, 0) for name in removed))


def costs(filled: Filled, statement: Statement) -> list[Cost]:
    ways = values.variants(statement, filled.named, filled.positional)
    return [cost(filled.connection, statement.text, parameters) for parameters in ways]


def test_every_table_is_filled_or_has_hardly_a_row(filled: Filled) -> None:
    sizes = dict(filled.connection.execute(SIZES).fetchall())

    assert {table for table, rows in sizes.items() if rows < ROWS / 20} == SMALL


@pytest.mark.parametrize("statement", measured(), ids=lambda each: each.path)
def test_a_statement_reads_what_it_is_asked_for(filled: Filled, statement: Statement) -> None:
    assert [each for each in costs(filled, statement) if each.grows] == []


@pytest.mark.parametrize("name", MAY_GROW)
def test_an_exception_is_one(filled: Filled, name: str) -> None:
    found = [each for statement in all_statements() if statement.full_name == name for each in costs(filled, statement)]

    assert any(each.grows for each in found)


def test_what_is_executed_is_a_constant_that_is_measured() -> None:
    constants = {each.name for each in all_statements()}
    unknown = {
        (module, text)
        for module, text, name in collected.executed()
        if name not in constants and (module, text) not in collected.MADE_WHEN_CALLED
    }

    assert unknown == set()


def test_a_scan_of_a_whole_table_is_found(filled: Filled) -> None:
    for statement in (
        "SELECT FROM orders.orders WHERE amount = 5",
        "SELECT FROM orders.orders WHERE order_id > '00000000-0000-0000-0000-000000000000' AND amount = 5",
        "DELETE FROM orders.idempotency_keys WHERE expires_at < clock_timestamp()",
        "SELECT FROM invoices.outbox ORDER BY last_error, outbox_id LIMIT 1",
    ):
        assert cost(filled.connection, statement, None).grows
