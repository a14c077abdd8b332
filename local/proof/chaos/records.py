"""What the database and the broker hold of a run, read once everything has healed.

A database may hold more than one run: orders and invoices are a run's by their amounts, parked messages by their time.
The numbers of invoices belong to no run: they have no gap over all runs together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from proof.chaos.amounts import STRAYS_FROM, Amounts


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    order_id: str
    customer_id: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceRow:
    number: int
    order_id: str
    customer_id: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ParkedRow:
    body: bytes
    reason: str


@dataclass(frozen=True, kw_only=True)
class Records:
    """`outbox` is a number of rows, `queue_depths` of messages by queue; `stalled` says what moved too late."""

    orders: Sequence[OrderRow] = ()
    invoices: Sequence[InvoiceRow] = ()
    numbers: Sequence[int] = ()
    parked: Sequence[ParkedRow] = ()
    outbox: int = 0
    queue_depths: Mapping[str, int] = field(default_factory=dict)
    stalled: Sequence[str] = ()


def read_records(
    connection: psycopg.Connection[Any], queue_depths: Mapping[str, int], *, since: datetime, amounts: Amounts
) -> Records:
    """Read all tables as they are now; `since` is the database's time at which the run began."""
    numbers = connection.execute("SELECT number FROM invoices.invoices")
    parked = connection.execute("SELECT body, reason FROM invoices.parked_messages WHERE first_seen_at >= %s", [since])
    outbox = connection.execute("SELECT count(*) FROM orders.outbox")
    return Records(
        orders=[OrderRow(**row) for row in _rows(connection, "order_id::text, customer_id", "orders.orders", amounts)],
        invoices=[
            InvoiceRow(**row)
            for row in _rows(connection, "number, order_id::text, customer_id", "invoices.invoices", amounts)
        ],
        numbers=[row[0] for row in numbers.fetchall()],
        parked=[ParkedRow(body=bytes(row[0]), reason=row[1]) for row in parked.fetchall()],
        outbox=outbox.fetchall()[0][0],
        queue_depths=queue_depths,
    )


def _rows(connection: psycopg.Connection[Any], columns: str, table: str, amounts: Amounts) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    statement = f"SELECT {columns}, amount, currency FROM {table} WHERE amount BETWEEN %s AND %s OR amount >= %s"
    return cursor.execute(statement, [amounts.orders_from, STRAYS_FROM - 1, amounts.strays_from]).fetchall()
