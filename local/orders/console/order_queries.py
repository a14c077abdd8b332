"""What the console asks the database about orders, invoices, outboxes and parked messages. Reads only.

Ids of orders and outbox rows begin with their time (UUID version 7), so "the newest" and "the last ten seconds" are
ranges of a primary key, however many orders there are.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

# As `functions/operations` has it: seen again after its replay or dismissal, a message waits again.
_WAITING = "coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)"
_UNMATCHED = "(matched_at IS NULL AND coalesce(last_seen_at > dismissed_at, true))"
_AGE = "extract(epoch FROM clock_timestamp() - min(created_at))"

_ORDER = """
SELECT o.order_id, o.customer_id, o.amount, o.currency, o.status, o.created_at, o.updated_at, o.reference,
       i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at, c.number, c.issued_at,
       (SELECT coalesce(sum(p.amount), 0) FROM invoices.payments p WHERE p.invoice_id = i.invoice_id)
       - (SELECT coalesce(sum(r.amount), 0) FROM invoices.payments p
          JOIN invoices.refunds r USING (provider, payment_id) WHERE p.invoice_id = i.invoice_id)
FROM orders.orders o
LEFT JOIN invoices.invoices i ON i.order_id = o.order_id
LEFT JOIN invoices.credit_notes c ON c.invoice_id = i.invoice_id
"""
SELECT_ORDERS = f"{_ORDER} ORDER BY o.order_id DESC LIMIT %(limit)s"
SELECT_ORDER = f"{_ORDER} WHERE o.order_id = %(order_id)s"

SELECT_PAYMENTS = """
SELECT p.provider, p.payment_id, p.amount, p.currency, p.paid_at
FROM invoices.payments p JOIN invoices.invoices i USING (invoice_id)
WHERE i.order_id = %(order_id)s ORDER BY p.recorded_at, p.payment_id LIMIT 200
"""
SELECT_REFUNDS = """
SELECT r.provider, r.payment_id, r.refund_id, r.amount, r.refunded_at
FROM invoices.refunds r JOIN invoices.payments p USING (provider, payment_id)
JOIN invoices.invoices i USING (invoice_id)
WHERE i.order_id = %(order_id)s ORDER BY r.recorded_at, r.refund_id LIMIT 200
"""

# A row of this moment belongs to a request that is about to publish it itself. Of invoices only the newest rows are
# looked at: their ids begin with the time of the payment and not with the order's.
SELECT_OUTBOX_BODIES = """
(SELECT body FROM orders.outbox
 WHERE outbox_id BETWEEN %(first)s AND %(last)s AND created_at < clock_timestamp() - interval '1 second'
 ORDER BY outbox_id DESC LIMIT %(limit)s)
UNION ALL
(SELECT body FROM invoices.outbox
 WHERE outbox_id >= %(first)s AND created_at < clock_timestamp() - interval '1 second'
 ORDER BY outbox_id DESC LIMIT %(limit)s)
"""


def _of_both_sides(select: str) -> str:
    """One statement over the parked messages of invoices and of orders; `{table}` is where."""
    sides = (select.format(table=f"{schema}.parked_messages") for schema in ("invoices", "orders"))
    return " UNION ALL ".join(f"({side})" for side in sides)


SELECT_PARKED_BODIES = _of_both_sides(
    f"SELECT substring(body FOR 2048) FROM {{table}} WHERE {_WAITING} ORDER BY last_seen_at DESC LIMIT 500"  # noqa: S608
)

_PARKED = f"""
SELECT parked_id, reason, queue, first_seen_at, last_seen_at, seen_count, replayed_at,
       CASE WHEN {_WAITING} THEN 'waiting'
            WHEN replayed_at IS NULL OR dismissed_at > replayed_at THEN 'dismissed'
            ELSE 'replayed' END,
       CASE WHEN length(properties::text) <= 65536 THEN properties::text END, length(body), substring(body FOR 4096)
FROM {{table}} ORDER BY last_seen_at DESC, parked_id LIMIT %(limit)s
"""  # noqa: S608 (a constant)
SELECT_PARKED = f"{_of_both_sides(_PARKED)} ORDER BY 5 DESC, 1 LIMIT %(limit)s"

# Of a settled message or payment nothing is read.
SELECT_FIGURES = f"""
SELECT (SELECT count(*) FROM orders.orders WHERE order_id >= %(since)s),
       (SELECT count(*) FROM invoices.parked_messages WHERE {_WAITING})
       + (SELECT count(*) FROM orders.parked_messages WHERE {_WAITING}),
       (SELECT count(*) FROM invoices.unmatched_payments WHERE {_UNMATCHED})
"""  # noqa: S608 (constants)

# Each outbox once, with the age of its oldest row: what an outage leaves there is counted for every picture.
COUNT_OUTBOXES = f"""
SELECT o.waiting, o.age, i.waiting, i.age
FROM (SELECT count(*) AS waiting, {_AGE} AS age FROM orders.outbox) o,
     (SELECT count(*) AS waiting, {_AGE} AS age FROM invoices.outbox) i
"""  # noqa: S608 (constants)


def first_id_of(moment: datetime, *, seconds: float = 0.0) -> UUID:
    """Return the smallest id that could have been made at that moment, or so many seconds after it."""
    milliseconds = max(0, int((moment.timestamp() + seconds) * 1000))
    return UUID(int=milliseconds << 80)
