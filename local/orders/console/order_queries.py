"""What the console asks the database about orders, invoices, the outbox and parked messages. Reads only.

Ids of orders and outbox rows begin with their time (UUID version 7), so "the newest" and "the last ten seconds" are
ranges of a primary key, however many orders there are.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

# As `functions/operations` has it: seen again after its replay or dismissal, a message waits again.
_WAITING = "coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)"

_ORDER = """
SELECT o.order_id, o.customer_id, o.amount, o.currency, o.status, o.created_at,
       i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at
FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id
"""
SELECT_ORDERS = f"{_ORDER} ORDER BY o.order_id DESC LIMIT %(limit)s"
SELECT_ORDER = f"{_ORDER} WHERE o.order_id = %(order_id)s"

# A row of this moment belongs to a request that is about to publish it itself.
SELECT_OUTBOX_BODIES = """
SELECT body FROM orders.outbox
WHERE outbox_id BETWEEN %(first)s AND %(last)s AND created_at < clock_timestamp() - interval '1 second'
ORDER BY outbox_id DESC LIMIT 2000
"""

SELECT_PARKED_BODIES = f"""
SELECT substring(body FOR 2048) FROM invoices.parked_messages WHERE {_WAITING} ORDER BY last_seen_at DESC LIMIT 500
"""  # noqa: S608 (a constant)

SELECT_PARKED = f"""
SELECT parked_id, reason, queue, first_seen_at, last_seen_at, seen_count, replayed_at,
       CASE WHEN {_WAITING} THEN 'waiting'
            WHEN replayed_at IS NULL OR dismissed_at > replayed_at THEN 'dismissed'
            ELSE 'replayed' END,
       CASE WHEN length(properties::text) <= 65536 THEN properties::text END, length(body), substring(body FOR 4096)
FROM invoices.parked_messages ORDER BY last_seen_at DESC, parked_id LIMIT %(limit)s
"""  # noqa: S608 (a constant)

SELECT_FIGURES = f"""
SELECT (SELECT count(*) FROM orders.orders WHERE order_id >= %(since)s),
       (SELECT count(*) FROM orders.outbox),
       (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM orders.outbox),
       (SELECT count(*) FROM invoices.parked_messages WHERE {_WAITING})
"""  # noqa: S608 (a constant)


def first_id_of(moment: datetime, *, seconds: float = 0.0) -> UUID:
    """Return the smallest id that could have been made at that moment, or so many seconds after it."""
    milliseconds = max(0, int((moment.timestamp() + seconds) * 1000))
    return UUID(int=milliseconds << 80)
