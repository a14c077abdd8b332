"""Orders as the console shows them: the row, its invoice, and where it is between the two.

`invoiced`; `parked` when a message with its id waits for an operator; `waiting for the relay` while its event is in the
outbox; else `pending`, on its way through the broker.
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

TraceOf = Callable[[str], str | None]


async def latest(database: Database, limit: int, trace_of: TraceOf) -> list[dict[str, Any]]:
    """Return the newest first. Raises SourceDownError."""
    (rows,) = await database.read((order_queries.SELECT_ORDERS, {"limit": limit}))
    return await _shown(database, rows, trace_of)


async def one(database: Database, order_id: UUID, trace_of: TraceOf) -> dict[str, Any] | None:
    (rows,) = await database.read((order_queries.SELECT_ORDER, {"order_id": order_id}))
    shown = await _shown(database, rows, trace_of)
    return shown[0] if shown else None


async def _shown(database: Database, rows: Rows, trace_of: TraceOf) -> list[dict[str, Any]]:
    waiting, parked = await _elsewhere(database, [row[5] for row in rows if row[6] is None])
    return [_order(row, waiting, parked, trace_of(str(row[0]))) for row in rows]


async def _elsewhere(database: Database, created: Sequence[datetime]) -> tuple[set[str], set[str]]:
    """Return the ids of orders in the outbox and in parked messages, of orders made in that time."""
    if not created:
        return set(), set()
    bounds = {
        "first": order_queries.first_id_of(min(created), seconds=-_MARGIN_S),
        "last": order_queries.first_id_of(max(created), seconds=_MARGIN_S),
    }
    outbox, parked = await database.read(
        (order_queries.SELECT_OUTBOX_BODIES, bounds), (order_queries.SELECT_PARKED_BODIES, {})
    )
    return _order_ids(outbox), _order_ids(parked)


def _order_ids(bodies: Rows) -> set[str]:
    found = (_ORDER_ID.search(bytes(body)) for (body,) in bodies)
    return {match.group(1).decode().lower() for match in found if match}


def _order(row: tuple[Any, ...], waiting: set[str], parked: set[str], trace_id: str | None) -> dict[str, Any]:
    order_id = str(row[0])
    invoice = _invoice(row[6:]) if row[6] is not None else None
    if invoice is not None:
        state = "invoiced"
    elif order_id in parked:
        state = "parked"
    else:
        state = "waiting for the relay" if order_id in waiting else "pending"
    return {
        "orderId": order_id,
        "customer": {"id": row[1]},
        "amount": row[2],
        "currency": row[3],
        "status": row[4],
        "createdAt": timestamp(row[5]),
        "state": state,
        "invoice": invoice,
        "traceId": trace_id,
    }


def _invoice(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "invoiceId": str(row[0]),
        "number": row[1],
        "status": row[2],
        "amount": row[3],
        "currency": row[4],
        "issuedAt": timestamp(row[5]),
        "dueAt": timestamp(row[6]),
    }


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds, as the API has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
