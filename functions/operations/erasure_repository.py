"""One customer in Postgres: what names it, and how that goes away.

A body names a customer when it has the id as a JSON string: as our own events spell it, or in plain UTF-8.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import psycopg

from operations.repository import WAITING
from operations.sides import SIDES, of_both

ROWS_PER_BATCH = 1_000

_IN_BODY = "(position(%(ascii)s::bytea IN body) > 0 OR position(%(utf8)s::bytea IN body) > 0)"
_OUTBOX = of_both("outbox", "outbox_id, body", name="schema_name")
_PARKED = of_both("parked_messages", "body, last_seen_at, replayed_at, dismissed_at", name="side")

# One statement, so that an event that is just published and an order that is just invoiced are seen at one moment.
UNFINISHED = f"""
SELECT (SELECT count(*) FROM {_OUTBOX} WHERE {_IN_BODY}),
       (SELECT count(*) FROM orders.orders o WHERE o.customer_id = %(customer_id)s
        AND NOT EXISTS (SELECT FROM invoices.invoices i WHERE i.order_id = o.order_id)),
       (SELECT count(*) FROM {_PARKED} WHERE {_IN_BODY} AND {WAITING}),
       (SELECT count(*) FROM customers.customers WHERE customer_id = %(customer_id)s AND suspended_at IS NULL),
       (SELECT count(*) FROM customers.customers WHERE customer_id = %(customer_id)s AND is_of_stack)
"""  # noqa: S608 (constants)

# An order that came after the question above is left alone until its invoice names the customer as well. The customer's
# are a range of an index: by `customer_id = …` everybody's might be read, also those that got the other name before.
RENAME = """
WITH chosen AS (
    SELECT o.order_id FROM orders.orders o
    WHERE (o.customer_id, o.order_id) >= (%(customer_id)s, '00000000-0000-0000-0000-000000000000')
      AND (o.customer_id, o.order_id) <= (%(customer_id)s, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      AND (SELECT i.order_id FROM invoices.invoices i WHERE i.order_id = o.order_id) IS NOT NULL
    ORDER BY o.customer_id, o.order_id LIMIT %(limit)s FOR UPDATE
), ordered AS (
    UPDATE orders.orders o SET customer_id = %(pseudonym)s, reference = NULL
    FROM chosen WHERE o.order_id = chosen.order_id RETURNING 1
), invoiced AS (
    UPDATE invoices.invoices i SET customer_id = %(pseudonym)s
    FROM chosen WHERE i.order_id = chosen.order_id AND i.customer_id = %(customer_id)s RETURNING 1
)
SELECT (SELECT count(*) FROM ordered), (SELECT count(*) FROM invoiced)
"""

DELETE_KEYS = """
DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (
    SELECT customer_id, key FROM orders.idempotency_keys WHERE customer_id = %(customer_id)s
    ORDER BY key LIMIT %(limit)s
)
"""

DELETE_PARKED = {
    side: f"DELETE FROM {side}.parked_messages WHERE {_IN_BODY} AND NOT {WAITING}"  # noqa: S608 (constants)
    for side in SIDES
}

DELETE_CUSTOMER = """
DELETE FROM customers.customers WHERE customer_id = %(customer_id)s AND suspended_at IS NOT NULL
"""

COUNT_ORDERS = "SELECT count(*) FROM orders.orders WHERE customer_id = %(customer_id)s"

Connection = psycopg.Connection[Any]


class Unfinished(NamedTuple):
    """What of a customer is still on its way, and would be lost or come back."""

    outbox_rows: int
    orders_without_invoice: int
    waiting_messages: int
    active_customers: int
    stack_customers: int


def unfinished(connection: Connection, customer_id: str) -> Unfinished:
    row = connection.execute(UNFINISHED, _parameters(customer_id)).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return Unfinished(*map(int, row))


def rename(connection: Connection, customer_id: str, pseudonym: str) -> tuple[int, int]:
    """Give the next orders and their invoices the other name; returns how many of each."""
    parameters = {**_parameters(customer_id), "pseudonym": pseudonym}
    row = connection.execute(RENAME, parameters).fetchone()
    assert row is not None  # noqa: S101 - as above
    return int(row[0]), int(row[1])


def delete_keys(connection: Connection, customer_id: str) -> int:
    """Delete the next idempotency keys, with the responses that they store; returns how many."""
    return connection.execute(DELETE_KEYS, _parameters(customer_id)).rowcount


def delete_parked(connection: Connection, customer_id: str) -> int:
    """Delete the messages that are parked and wait for no decision; returns how many."""
    return sum(connection.execute(DELETE_PARKED[side], _parameters(customer_id)).rowcount for side in SIDES)


def delete_customer(connection: Connection, customer_id: str) -> int:
    """Delete the suspended customer with its keys' hashes; returns how many."""
    return connection.execute(DELETE_CUSTOMER, _parameters(customer_id)).rowcount


def count_orders(connection: Connection, customer_id: str) -> int:
    row = connection.execute(COUNT_ORDERS, _parameters(customer_id)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])


def _parameters(customer_id: str) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "ascii": json.dumps(customer_id).encode(),
        "utf8": json.dumps(customer_id, ensure_ascii=False).encode(),
        "limit": ROWS_PER_BATCH,
    }
