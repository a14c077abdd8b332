"""A customer's orders, newest first, page by page: each is one range of an index, however many orders there are.

Ids are ordered by time (UUID version 7), so a page ends at an id and the next begins below it: what comes in meanwhile
moves nothing. A time narrows the range by the ids of that time, with a margin for clocks that differ, and is then
compared exactly.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from contracts.orders import Order
from reading.orders import COLUMNS, INVOICES, order_of

# An id and the time of its order are one reading of the clock; releases before took two, one right after the other.
MARGIN = timedelta(seconds=10)
LAST_ID = UUID(int=2**128 - 1)

# Compared with the rows of the index's range, of which they leave out few: orders of one reference by their status,
# and what lies within a margin. Inside a CASE, since the planner would take a time that is newer than its statistics
# for one of few orders, and sort.
_COMPARED = {
    "status": "CASE WHEN o.status = %(status)s THEN true ELSE false END",
    "created_from": "CASE WHEN o.created_at >= %(created_from)s THEN true ELSE false END",
    "created_to": "CASE WHEN o.created_at < %(created_to)s THEN true ELSE false END",
}


def statement(filters: frozenset[str]) -> str:
    """The statement with these of `status`, `reference`, `created_from` and `created_to`: one for each set.

    The range is one of whole rows of an index, in its order, and no other index has any of that to offer. With
    `customer_id = …` the planner may walk through all of a customer's orders for the few of a status, or through
    everybody's by their ids: far, for one who has ordered nothing for long.
    """
    names = _index_columns(filters)
    columns = ", ".join(f"o.{name}" for name in names)
    # The planner judges such a range by its first column, and without looking at a value that it does not know yet:
    # so no statistics, old or missing, can mislead it.
    first, *others = (f"%({name})s::text" for name in names[:-1])
    chosen = ", ".join([f"(SELECT {first})", *others])
    conditions = [
        f"({columns}) <= ({chosen}, %(last_id)s::uuid)",
        f"({columns}) >= ({chosen}, %(first_id)s::uuid)",
        # What the index is restricted to.
        *(["o.reference IS NOT NULL"] if "reference" in names else []),
        *(condition for name, condition in _COMPARED.items() if name in filters and name not in names),
    ]
    order = ", ".join(f"o.{name} DESC" for name in names)
    # The page first, then what belongs to its orders: at most 101 look-ups.
    return f"""
WITH page AS (
    SELECT * FROM orders.orders o
    WHERE {" AND ".join(conditions)}
    ORDER BY {order} LIMIT %(limit)s
)
SELECT {COLUMNS}
FROM page o
{INVOICES}
ORDER BY {order}
"""  # noqa: S608 (constants)


def select(
    connection: psycopg.Connection[Any],
    *,
    customer_id: str,
    status: str | None,
    reference: str | None,
    created_from: datetime | None,
    created_to: datetime | None,
    before: UUID | None,
    limit: int,
) -> list[Order]:
    """The newest orders below the id `before`, without their payments."""
    filters = {"status": status, "reference": reference, "created_from": created_from, "created_to": created_to}
    given = {name: value for name, value in filters.items() if value is not None}
    first, last = bounds(created_from=created_from, created_to=created_to, before=before)
    parameters = {**given, "customer_id": customer_id, "first_id": first, "last_id": last, "limit": limit}
    rows = connection.execute(statement(frozenset(given)), parameters)
    return [order_of(row, payments=None) for row in rows]


def bounds(*, created_from: datetime | None, created_to: datetime | None, before: UUID | None) -> tuple[UUID, UUID]:
    """The first and the last id that an order of these times and below `before` may have."""
    first = 0 if created_from is None else _first_id(created_from, -MARGIN)
    ends = [LAST_ID.int]
    if created_to is not None:
        ends.append(_first_id(created_to, MARGIN))
    if before is not None:
        ends.append(max(0, before.int - 1))
    return UUID(int=first), UUID(int=min(ends))


def _index_columns(filters: frozenset[str]) -> tuple[str, ...]:
    """Those of the index that the filters' orders are a range of; a reference chooses more than a status does."""
    for name in ("reference", "status"):
        if name in filters:
            return (name, "customer_id", "order_id")
    return ("customer_id", "order_id")


def _first_id(moment: datetime, margin: timedelta) -> int:
    """The smallest id of a time; of the first or the last that ids can tell, for one beyond them."""
    milliseconds = int((moment.timestamp() + margin.total_seconds()) * 1000)
    return min(max(0, milliseconds), 2**48 - 1) << 80
