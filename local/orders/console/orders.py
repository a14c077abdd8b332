"""Orders as the console shows them: the row, its invoice with what was paid, and where it is on its way.

`paid` and `canceled` are the order's own status. Before: `pending` on its way to an invoice, `invoiced`, and `paying`
when its invoice is paid and the order does not know yet. On either way it may be `waiting for the relay`, while its
event is in an outbox, or `parked`, when a message with its id waits for an operator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from localregion.console.sources.database import Database, Rows
from orders.console import order_queries

_ORDER_ID = re.compile(rb'"orderId"\s*:\s*"([0-9a-fA-F-]{36})"')
# Between an order's id and its event's lies next to nothing; the clocks of two environments may differ.
_MARGIN_S = 60.0
# Of each outbox; of an outage's rows only so many are looked through for a list.
_OUTBOX_ROWS_MAX = 2_000

# In these states a message about the order is under way.
_MOVING = {"pending", "paying"}

TraceOf = Callable[[str], str | None]


async def latest(database: Database, limit: int, trace_of: TraceOf) -> list[dict[str, Any]]:
    """Return the newest first. Raises SourceDownError."""
    (rows,) = await database.read((order_queries.SELECT_ORDERS, {"limit": limit}))
    return await _shown(database, rows, trace_of)


async def one(database: Database, order_id: UUID, trace_of: TraceOf) -> dict[str, Any] | None:
    """Return it with its payments, None for none. Raises SourceDownError."""
    wanted = {"order_id": order_id}
    rows, payments, refunds = await database.read(
        (order_queries.SELECT_ORDER, wanted),
        (order_queries.SELECT_PAYMENTS, wanted),
        (order_queries.SELECT_REFUNDS, wanted),
    )
    shown = await _shown(database, rows, trace_of)
    return {**shown[0], "payments": [_payment(row, refunds) for row in payments]} if shown else None


async def _shown(database: Database, rows: Rows, trace_of: TraceOf) -> list[dict[str, Any]]:
    waiting, parked = await _elsewhere(database, [row[5] for row in rows if _stage(row) in _MOVING])
    return [_order(row, waiting, parked, trace_of(str(row[0]))) for row in rows]


async def _elsewhere(database: Database, created: Sequence[datetime]) -> tuple[set[str], set[str]]:
    """Return the ids of orders in the outbox and in parked messages, of orders made in that time."""
    if not created:
        return set(), set()
    bounds = {
        "first": order_queries.first_id_of(min(created), seconds=-_MARGIN_S),
        "last": order_queries.first_id_of(max(created), seconds=_MARGIN_S),
        "limit": _OUTBOX_ROWS_MAX,
    }
    outbox, parked = await database.read(
        (order_queries.SELECT_OUTBOX_BODIES, bounds), (order_queries.SELECT_PARKED_BODIES, {})
    )
    return _order_ids(outbox), _order_ids(parked)


def _order_ids(bodies: Rows) -> set[str]:
    found = (_ORDER_ID.search(bytes(body)) for (body,) in bodies)
    return {match.group(1).decode().lower() for match in found if match}


def _order(row: tuple[Any, ...], waiting: set[str], parked: set[str], trace_id: str | None) -> dict[str, Any]:
    order_id, state = str(row[0]), _stage(row)
    if state in _MOVING and order_id in parked:
        state = "parked"
    elif state in _MOVING and order_id in waiting:
        state = "waiting for the relay"
    return {
        "orderId": order_id,
        "customer": {"id": row[1]},
        "amount": row[2],
        "currency": row[3],
        "status": row[4],
        "reference": row[7],
        "createdAt": timestamp(row[5]),
        "updatedAt": timestamp(row[6] or row[5]),
        "state": state,
        "invoice": None if row[8] is None else _invoice(row[8:]),
        "traceId": trace_id,
    }


def _stage(row: tuple[Any, ...]) -> str:
    """Where the tables have it, whatever is under way."""
    status, invoice_status = row[4], row[10]
    if status != "pending":
        return str(status)
    if invoice_status is None:
        return "pending"
    return "paying" if invoice_status == "paid" else "invoiced"


def _invoice(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "invoiceId": str(row[0]),
        "number": row[1],
        "status": row[2],
        "amount": row[3],
        "currency": row[4],
        "issuedAt": timestamp(row[5]),
        "dueAt": timestamp(row[6]),
        "creditNote": None if row[7] is None else {"number": row[7], "issuedAt": timestamp(row[8])},
        "paidAmount": int(row[9]),
    }


def _payment(row: tuple[Any, ...], refunds: Rows) -> dict[str, Any]:
    provider, payment_id, amount, currency, paid_at = row
    return {
        "provider": provider,
        "paymentId": payment_id,
        "amount": amount,
        "currency": currency,
        "paidAt": timestamp(paid_at),
        "refunds": [
            {"refundId": refund_id, "amount": refunded, "refundedAt": timestamp(at)}
            for its_provider, its_payment, refund_id, refunded, at in refunds
            if (its_provider, its_payment) == (provider, payment_id)
        ],
    }


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds, as the API has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
