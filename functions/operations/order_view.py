"""One order with everything that belongs to it, for support: both sides, money, keys, and what of it is on its way.

It says as well which events one side has not heard: `reemit` tells them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from contracts.timestamps import format_timestamp
from operations import order_queries as queries
from operations.parked_messages import UnknownMessageError

Connection = psycopg.Connection[Any]
Shown = dict[str, Any]
# More would not be a bigint.
NUMBER_DIGITS_MAX = 18


def show(connection: Connection, *, order_id: UUID | None, invoice: str | None) -> Shown:
    """By its id, or by an invoice's id or number. Raises UnknownMessageError."""
    with connection.transaction():
        if order_id is None:
            order_id = _order_of(connection, str(invoice))
        return _view(connection, order_id)


def unheard(order: Mapping[str, Any] | None, invoice: Mapping[str, Any] | None, canceled_at: object) -> list[str]:
    """The events that the other side has not heard, by what they tell; with nothing on its way, they are lost."""
    found: list[str] = []
    if order is None:
        return found
    if invoice is None:
        found.append("order created")
    if order["status"] == "canceled":
        return [*found, "order canceled"] if canceled_at is None else found
    if invoice is not None and invoice["status"] != "canceled" and invoice["version"] > order["invoiceVersion"]:
        found.append("invoice changed")
    return found


def _view(connection: Connection, order_id: UUID) -> Shown:
    given: dict[str, Any] = {"order_id": order_id, "text": str(order_id), "limit": queries.LISTED_MAX}
    order, invoice = (_one(connection, each, given) for each in (queries.ORDER, queries.INVOICE))
    if order is None and invoice is None:
        raise UnknownMessageError(f"no order has the id {order_id}")
    given["invoice_id"] = invoice and invoice["invoiceId"]
    given["number"] = invoice and str(invoice["number"])
    given["customer_id"] = order and order["customerId"]
    canceled = _one(connection, queries.CANCELED, given)
    canceled_at = canceled and canceled["canceledAt"]
    lists = {name: _all(connection, each, given) for name, each in queries.LISTS.items()}
    return {
        "order": order,
        "invoice": invoice,
        "creditNote": _one(connection, queries.CREDIT_NOTE, given),
        "canceledAt": canceled_at,
        **lists,
        "unheard": unheard(order, invoice, canceled_at),
    }


def _order_of(connection: Connection, invoice: str) -> UUID:
    row = connection.execute(queries.ORDER_OF_INVOICE, _names(invoice)).fetchone()
    if row is None:
        raise UnknownMessageError("no invoice has this id or number")
    found: UUID = row[0]
    return found


def _names(invoice: str) -> dict[str, int | UUID | None]:
    """What this text may be: a number, an id, or neither."""
    if invoice.isascii() and invoice.isdigit() and len(invoice) <= NUMBER_DIGITS_MAX:
        return {"number": int(invoice), "invoice_id": None}
    try:
        return {"number": None, "invoice_id": UUID(invoice)}
    except ValueError:
        return {"number": None, "invoice_id": None}


def _one(connection: Connection, statement: str, given: Mapping[str, Any]) -> Shown | None:
    found = _all(connection, statement, given)
    return found[0] if found else None


def _all(connection: Connection, statement: str, given: Mapping[str, Any]) -> Sequence[Shown]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, given).fetchall()
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _text(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    return str(value) if isinstance(value, UUID) else value
