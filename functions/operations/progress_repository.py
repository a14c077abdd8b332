"""How far the incremental audit is, and what it found, in Postgres; one statement looks at all that may be wrong.

Whatever is looked at is reached by an index, order by order: the subqueries keep the planner from reading a table whole
for many of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations import conditions

# By the finding's name in a report.
CONDITIONS = {
    "ordersWithoutInvoice": f"i.order_id IS NULL AND o.created_at {conditions.LATE}",
    "invoicesWithoutOrder": "o.order_id IS NULL AND i.order_id IS NOT NULL",
    "invoicesDifferingFromOrder": f"o.order_id = i.order_id AND {conditions.DIFFERING}",
    "paidInvoicesWithoutPaidOrder": conditions.PAID_INVOICE_WITHOUT_PAID_ORDER,
    "paidOrdersWithoutPaidInvoice": conditions.PAID_ORDER_WITHOUT_PAID_INVOICE,
    "canceledOrdersWithoutCanceledInvoice": conditions.CANCELED_ORDER_WITHOUT_CANCELED_INVOICE,
    "ordersBesideTheirInvoice": conditions.ORDER_BESIDE_ITS_INVOICE,
    "invoicesBesideTheirPayments": conditions.INVOICE_BESIDE_ITS_PAYMENTS,
    "canceledInvoicesWithoutCreditNote": conditions.CANCELED_WITHOUT_CREDIT_NOTE,
    "overpaidInvoices": conditions.OVERPAID,
    "owedBack": conditions.OWED_BACK,
}
SERIES = {"invoiceNumberGaps": "invoices", "creditNoteNumberGaps": "credit_notes"}

# Two audits at once are one after the other.
LOCK_PROGRESS = """
SELECT order_id, invoice_number, credit_note_number, changed_at, swept_order_id, swept_invoice_number, found_order_id
FROM audit.progress FOR UPDATE
"""

COUNTERS = """
SELECT clock_timestamp(), coalesce((SELECT last_number FROM invoices.invoice_counter), 0),
    coalesce((SELECT last_number FROM invoices.credit_note_counter), 0)
"""

# The last of so many behind one; none when there are fewer.
LAST_OF = {
    table: f"""
SELECT order_id FROM {table} WHERE order_id > %(after)s AND order_id <= %(until)s
ORDER BY order_id OFFSET %(count)s - 1 LIMIT 1
"""  # noqa: S608 (constants)
    for table in ("orders.orders", "audit.open_findings")
}

# New orders, invoices and credit notes; what changed; what was wrong; and a piece of what was looked at before.
_CANDIDATES = """
SELECT order_id FROM orders.orders WHERE order_id > %(order_from)s AND order_id <= %(order_to)s
UNION SELECT order_id FROM invoices.invoices WHERE number > %(invoice_from)s AND number <= %(invoice_to)s
UNION SELECT (SELECT i.order_id FROM invoices.invoices i WHERE i.invoice_id = c.invoice_id)
      FROM invoices.credit_notes c WHERE c.number > %(credit_note_from)s AND c.number <= %(credit_note_to)s
UNION SELECT order_id FROM orders.orders WHERE updated_at >= %(changed_at)s
UNION SELECT (SELECT i.order_id FROM invoices.invoices i WHERE i.invoice_id = p.invoice_id)
      FROM invoices.payments p WHERE p.recorded_at >= %(changed_at)s
UNION SELECT (SELECT i.order_id FROM invoices.payments p, invoices.invoices i
              WHERE p.provider = r.provider AND p.payment_id = r.payment_id AND i.invoice_id = p.invoice_id)
      FROM invoices.refunds r WHERE r.recorded_at >= %(changed_at)s
UNION SELECT order_id FROM audit.open_findings WHERE order_id > %(found_from)s AND order_id <= %(found_to)s
UNION SELECT order_id FROM orders.orders WHERE order_id > %(swept_order_from)s AND order_id <= %(swept_order_to)s
UNION SELECT order_id FROM invoices.invoices WHERE number > %(swept_invoice_from)s AND number <= %(swept_invoice_to)s
"""

LOOK = f"""
WITH candidate AS MATERIALIZED ({_CANDIDATES}), found AS MATERIALIZED (
    SELECT verdict.name, c.order_id
    FROM candidate c
    LEFT JOIN LATERAL (SELECT * FROM (
        SELECT order_id, customer_id, amount, currency, status, created_at, updated_at, invoice_version
        FROM orders.orders WHERE orders.order_id = c.order_id LIMIT 1
    ) one) o ON true
    LEFT JOIN LATERAL (SELECT * FROM (
        SELECT invoice_id, order_id, customer_id, amount, currency, status, version, issued_at, updated_at
        FROM invoices.invoices WHERE invoices.order_id = c.order_id LIMIT 1
    ) one) i ON true
    CROSS JOIN {conditions.PAID}
    CROSS JOIN LATERAL (VALUES {", ".join(f"('{name}', {when})" for name, when in CONDITIONS.items())})
        AS verdict (name, is_found)
    WHERE verdict.is_found
), mended AS (
    DELETE FROM audit.open_findings f USING candidate c
    WHERE f.order_id = c.order_id
      AND NOT EXISTS (SELECT FROM found WHERE found.name = f.name AND found.order_id = f.order_id)
)
INSERT INTO audit.open_findings (name, order_id) SELECT name, order_id FROM found ON CONFLICT DO NOTHING
"""  # noqa: S608 (constants)

NUMBERS = {
    series: f"""
WITH mended AS (
    DELETE FROM audit.missing_numbers m WHERE m.series = '{series}'
    AND (SELECT s.number FROM invoices.{series} s WHERE s.number = m.number) IS NOT NULL
), expected AS (
    SELECT generate_series(%(from)s::bigint + 1, %(to)s::bigint) AS number
    UNION SELECT generate_series(%(swept_from)s::bigint + 1, %(swept_to)s::bigint)
)
INSERT INTO audit.missing_numbers (series, number) SELECT '{series}', e.number FROM expected e
WHERE (SELECT s.number FROM invoices.{series} s WHERE s.number = e.number) IS NULL ON CONFLICT DO NOTHING
"""  # noqa: S608 (constants)
    for series in SERIES.values()
}

KEEP_PROGRESS = """
UPDATE audit.progress SET order_id = %(order_to)s, invoice_number = %(invoice_to)s,
    credit_note_number = %(credit_note_to)s, changed_at = %(next_changed_at)s,
    swept_order_id = %(next_swept_order)s, swept_invoice_number = %(next_swept_invoice)s,
    found_order_id = %(next_found)s
"""

OPEN = """
SELECT name, total, order_id FROM (
    SELECT name, order_id, count(*) OVER (PARTITION BY name) AS total,
        row_number() OVER (PARTITION BY name ORDER BY order_id) AS ordinal
    FROM audit.open_findings
) numbered WHERE ordinal <= %(limit)s ORDER BY name, order_id
"""

MISSING = """
SELECT sum(count(*)) OVER (), min(number), max(number) FROM (
    SELECT number, number - row_number() OVER (ORDER BY number) AS gap
    FROM audit.missing_numbers WHERE series = %(series)s
) numbered GROUP BY gap ORDER BY gap LIMIT %(limit)s
"""

Connection = psycopg.Connection[Any]


class Progress(NamedTuple):
    """Up to where all was looked at, and up to where again."""

    order_id: UUID
    invoice_number: int
    credit_note_number: int
    changed_at: datetime
    swept_order_id: UUID
    swept_invoice_number: int
    found_order_id: UUID


def lock_progress(connection: Connection) -> Progress:
    row = connection.execute(LOCK_PROGRESS).fetchone()
    assert row is not None  # noqa: S101 - the migration wrote it
    return Progress(*row)


def counters(connection: Connection) -> tuple[datetime, int, int]:
    """The database's time, and the last numbers of invoices and credit notes."""
    row = connection.execute(COUNTERS).fetchone()
    assert row is not None  # noqa: S101 - a SELECT of scalars has one row
    return row[0], int(row[1]), int(row[2])


def last_of(connection: Connection, table: str, count: int, *, after: UUID, until: UUID) -> UUID | None:
    """The last of `count` orders of a table behind `after`, up to `until`; None when there are fewer."""
    row = connection.execute(LAST_OF[table], {"count": count, "after": after, "until": until}).fetchone()
    return None if row is None else UUID(str(row[0]))


def look(connection: Connection, bounds: Mapping[str, Any]) -> None:
    """Look at everything within the bounds, remember what is wrong, forget what was mended, and how far it went."""
    connection.execute(LOOK, bounds)
    invoices = {"from": bounds["invoice_from"], "to": bounds["invoice_to"]}
    swept = {"swept_from": bounds["swept_invoice_from"], "swept_to": bounds["swept_invoice_to"]}
    connection.execute(NUMBERS["invoices"], invoices | swept)
    credit_notes = {"from": bounds["credit_note_from"], "to": bounds["credit_note_to"]}
    connection.execute(NUMBERS["credit_notes"], {**credit_notes, "swept_from": 0, "swept_to": 0})
    connection.execute(KEEP_PROGRESS, bounds)


def open_findings(connection: Connection, limit: int) -> dict[str, tuple[int, list[UUID]]]:
    """By name: how many orders, and the first of them."""
    found: dict[str, tuple[int, list[UUID]]] = {name: (0, []) for name in CONDITIONS}
    for name, total, order_id in connection.execute(OPEN, {"limit": limit}):
        found[name] = (int(total), [*found.get(name, (0, []))[1], order_id])
    return found


def missing_numbers(connection: Connection, series: str, limit: int) -> tuple[int, list[tuple[int, int]]]:
    """How many numbers are missing, and the first gaps."""
    rows = connection.execute(MISSING, {"series": series, "limit": limit}).fetchall()
    return (int(rows[0][0]) if rows else 0), [(first, last) for _, first, last in rows]
