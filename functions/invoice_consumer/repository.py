"""Invoices, cancellations and credit notes in Postgres: set by set, never message by message.

Numbers are gapless because they come from a counter row. Its lock is held from before the look for duplicates until
commit, so the holder sees every invoice there is. (A sequence would burn a number for every duplicate.) It also makes
an order's two events come one after the other: the later one sees what the earlier one left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from contracts.events import OrderCanceled, OrderCreated
from invoice_consumer.identifiers import new_ids
from postgres.arrays import UuidArray
from postgres.lean_psycopg import psycopg

# A statement of its own: the next one gets a fresh snapshot and its own time, both taken with the lock held.
LOCK_COUNTER = "SELECT last_number FROM invoices.invoice_counter FOR UPDATE"

# A column is one parameter: psycopg makes an array value by value, and the largest batch has 8,000 of each. What
# separates customers is a control character, which none of their ids has (contracts.fields).
# An order's id begins with its time in milliseconds (UUID version 7): those below one id are late.
INSERT_INVOICES = """
WITH punctual AS (
    SELECT (lpad(to_hex((extract(epoch FROM statement_timestamp()) * 1000)::bigint - %(late_after_ms)s), 12, '0')
            || repeat('0', 20))::uuid AS first_id
), incoming AS (
    SELECT DISTINCT ON (order_id) order_id, invoice_id, customer_id, amount, currency, traceparent, position
    FROM unnest(%(order_ids)s::uuid[], %(invoice_ids)s::uuid[], string_to_array(%(customer_ids)s, E'\\x1f'),
                string_to_array(%(amounts)s, ',')::bigint[], string_to_array(%(currencies)s, ','),
                string_to_array(%(traceparents)s, ',', ''))
         WITH ORDINALITY AS event (order_id, invoice_id, customer_id, amount, currency, traceparent, position)
    ORDER BY order_id, position
), fresh AS (
    SELECT *, row_number() OVER (ORDER BY position) AS ordinal FROM incoming
    WHERE NOT EXISTS (SELECT FROM invoices.invoices existing WHERE existing.order_id = incoming.order_id)
), issued AS (
    INSERT INTO invoices.invoices
        (number, invoice_id, order_id, customer_id, amount, currency, traceparent, issued_at, due_at)
    SELECT (SELECT last_number FROM invoices.invoice_counter) + ordinal, invoice_id, order_id, customer_id, amount,
           currency, traceparent, statement_timestamp(), statement_timestamp() + %(due_days)s * interval '1 day'
    FROM fresh
    RETURNING order_id
)
UPDATE invoices.invoice_counter SET last_number = last_number + (SELECT count(*) FROM issued)
RETURNING (SELECT count(*) FROM issued),
    (SELECT count(*) FROM issued WHERE order_id < (SELECT first_id FROM punctual)),
    ARRAY(SELECT order_id FROM incoming JOIN invoices.canceled_orders USING (order_id))
"""

REMEMBER_CANCELED = """
INSERT INTO invoices.canceled_orders (order_id, canceled_at)
SELECT DISTINCT ON (order_id) order_id, canceled_at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS event (order_id, canceled_at) ORDER BY order_id, canceled_at
ON CONFLICT (order_id) DO NOTHING
"""

LOCK_CREDIT_NOTE_COUNTER = "SELECT last_number FROM invoices.credit_note_counter FOR UPDATE"

# Whatever was paid stays recorded, and is owed back.
CANCEL_INVOICES = """
WITH canceled AS (
    UPDATE invoices.invoices SET status = 'canceled', version = version + 1, updated_at = statement_timestamp()
    WHERE order_id = ANY(%s) AND status <> 'canceled'
    RETURNING invoice_id, number, amount, currency
), noted AS (
    INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
    SELECT (SELECT last_number FROM invoices.credit_note_counter) + row_number() OVER (ORDER BY number),
           invoice_id, amount, currency, statement_timestamp()
    FROM canceled
    RETURNING 1
)
UPDATE invoices.credit_note_counter SET last_number = last_number + (SELECT count(*) FROM noted)
RETURNING (SELECT count(*) FROM noted)
"""

SEPARATOR = "\x1f"

Connection = psycopg.Connection[Any]
# What the objective "invoiced" promises (infra/components/alarms/objectives.py).
LATE_AFTER_S = 90


class Issued(NamedTuple):
    """How many invoices were issued, how many of them late, and which of all the orders were canceled."""

    total: int
    late: int
    canceled: list[UUID]


class CounterMissingError(Exception):
    """invoices.invoice_counter has no row: without it nothing can be numbered, and nothing may be acknowledged."""


def lock_counter(connection: Connection) -> None:
    """Take the turn to change invoices, until the transaction ends. Raises CounterMissingError."""
    if connection.execute(LOCK_COUNTER).fetchone() is None:
        raise CounterMissingError


def issue_invoices(
    connection: Connection, orders: Sequence[OrderCreated], traceparents: Sequence[str | None], *, due_days: int
) -> Issued:
    """Invoice those orders that have none. With the counter locked.

    Raises CounterMissingError.
    """
    parameters = {
        "order_ids": UuidArray.of(b"".join([order.order_id.bytes for order in orders])),
        "invoice_ids": UuidArray.of(new_ids(len(orders))),
        "customer_ids": SEPARATOR.join([order.customer_id for order in orders]),
        "amounts": ",".join([str(order.amount) for order in orders]),
        "currencies": ",".join([order.currency for order in orders]),
        "traceparents": ",".join([traceparent or "" for traceparent in traceparents]),
        "due_days": due_days,
        "late_after_ms": LATE_AFTER_S * 1000,
    }
    row = connection.execute(INSERT_INVOICES, parameters).fetchone()
    if row is None:
        raise CounterMissingError
    return Issued(*row)


def remember_canceled(connection: Connection, orders: Sequence[OrderCanceled]) -> None:
    """Remember these orders, also those that have no invoice yet."""
    connection.execute(
        REMEMBER_CANCELED, [[order.order_id for order in orders], [order.canceled_at for order in orders]]
    )


def cancel_invoices(connection: Connection, order_ids: Sequence[UUID]) -> int:
    """Cancel the invoices of these canceled orders; returns how many were not so before. With the counter locked.

    Raises CounterMissingError.
    """
    if connection.execute(LOCK_CREDIT_NOTE_COUNTER).fetchone() is None:
        raise CounterMissingError
    row = connection.execute(CANCEL_INVOICES, [list(order_ids)]).fetchone()
    if row is None:
        raise CounterMissingError
    return int(row[0])
