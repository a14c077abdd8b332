"""What the audit asks the database: one statement for each finding, so that each sees one consistent moment.

Each counts all that it finds and returns the first of them. Orders are chosen by `order_id >= since`, and so are their
invoices. Ids are ordered by time (UUID version 7): an audit of the last days reads the end of an index of both, and
neither table whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg

from operations import conditions
from operations.sides import of_both

# count(*) OVER () counts before LIMIT.
ORDERS_WITHOUT_INVOICE = """
SELECT count(*) OVER (), o.order_id, o.customer_id, o.created_at
FROM orders.orders o
WHERE o.order_id >= %(since)s AND o.created_at < statement_timestamp() - %(older_than_s)s * interval '1 second'
  AND NOT EXISTS (SELECT FROM invoices.invoices i WHERE i.order_id = o.order_id AND i.order_id >= %(since)s)
ORDER BY o.order_id LIMIT %(limit)s
"""

INVOICES_WITHOUT_ORDER = """
SELECT count(*) OVER (), i.order_id, i.number
FROM invoices.invoices i
WHERE i.order_id >= %(since)s
  AND NOT EXISTS (SELECT FROM orders.orders o WHERE o.order_id = i.order_id AND o.order_id >= %(since)s)
ORDER BY i.number LIMIT %(limit)s
"""

INVOICES_DIFFERING = f"""
SELECT count(*) OVER (), i.order_id, i.number, o.amount, i.amount, o.currency, i.currency, o.customer_id, i.customer_id
FROM orders.orders o JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id >= %(since)s AND i.order_id >= %(since)s
  AND {conditions.DIFFERING}
ORDER BY i.number LIMIT %(limit)s
"""  # noqa: S608 (a constant)

_OUTBOX = of_both("outbox", "outbox_id, created_at, due_at, attempts, last_error", name="schema_name")

# By age and not by due_at: each failed attempt puts due_at off, so a row that always fails is never long past due.
OLD_OUTBOX_ROWS = f"""
SELECT count(*) OVER (), schema_name, outbox_id, created_at, due_at, attempts, left(last_error, 4096)
FROM {_OUTBOX}
WHERE created_at < statement_timestamp() - %(older_than_s)s * interval '1 second'
ORDER BY created_at LIMIT %(limit)s
"""  # noqa: S608 (constants)

# The number after the counter's closes the row, so that numbers missing at the end are a gap, too.
_NUMBER_GAPS = """
WITH counter AS (
    SELECT last_number, greatest(last_number - %(numbers)s::bigint, 0) AS floor FROM {counter}
), numbered AS (
    SELECT series.number FROM {series} series, counter WHERE series.number > counter.floor
    UNION ALL SELECT last_number + 1 FROM counter
), neighbours AS (
    SELECT lag(number, 1, (SELECT floor FROM counter)) OVER (ORDER BY number) AS previous, number FROM numbered
)
SELECT sum(number - previous - 1) OVER (), previous + 1, number - 1
FROM neighbours WHERE number > previous + 1 ORDER BY number LIMIT %(limit)s
"""
INVOICE_NUMBER_GAPS = _NUMBER_GAPS.format(counter="invoices.invoice_counter", series="invoices.invoices")
CREDIT_NOTE_NUMBER_GAPS = _NUMBER_GAPS.format(counter="invoices.credit_note_counter", series="invoices.credit_notes")

OUTBOX = f"""
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::bigint FROM {_OUTBOX}
"""  # noqa: S608 (a constant)


class Found(NamedTuple):
    """How many there are, and the first of them."""

    total: int
    rows: list[tuple[Any, ...]]


def find(connection: psycopg.Connection[Any], statement: str, parameters: Mapping[str, Any]) -> Found:
    """Run one of the statements above."""
    rows = connection.execute(statement, parameters).fetchall()
    return Found(total=int(rows[0][0]) if rows else 0, rows=[row[1:] for row in rows])


def outbox(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """How many rows the outboxes have, and how many seconds ago the oldest was written."""
    row = connection.execute(OUTBOX).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0]), int(row[1])
