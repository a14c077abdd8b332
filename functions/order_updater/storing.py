"""Move orders between pending and paid, as their invoices' events say: the newest of each counts, whatever comes when.

An order that is canceled stays so: its row decided, and the invoice's side hears of it by its own event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events import InvoiceChanged
from deliveries.event import Delivery
from postgres.lean_psycopg import psycopg

# In the order of ids, so that two batches never wait for each other.
UPDATE_ORDERS = """
WITH newest AS (
    SELECT DISTINCT ON (order_id) order_id, version, status
    FROM unnest(%(order_ids)s::uuid[], %(versions)s::bigint[], %(statuses)s::text[])
        AS event (order_id, version, status)
    ORDER BY order_id, version DESC
), locked AS (
    SELECT o.order_id FROM orders.orders o JOIN newest USING (order_id) ORDER BY o.order_id FOR NO KEY UPDATE OF o
)
UPDATE orders.orders SET
    status = newest.status,
    invoice_version = newest.version,
    updated_at = CASE WHEN orders.status = newest.status THEN orders.updated_at ELSE clock_timestamp() END
FROM newest JOIN locked USING (order_id)
WHERE orders.order_id = newest.order_id AND orders.invoice_version < newest.version AND orders.status <> 'canceled'
"""

COUNTS = ("updated", "passed_over")
STATUSES = {"paid": "paid", "issued": "pending"}


def store(connection: psycopg.Connection[Any], events: Sequence[tuple[InvoiceChanged, Delivery]]) -> Mapping[str, int]:
    """Inside the caller's transaction; harmless to repeat."""
    parameters = {
        "order_ids": [event.order_id for event, _ in events],
        "versions": [event.version for event, _ in events],
        "statuses": [STATUSES[event.status] for event, _ in events],
    }
    updated = connection.execute(UPDATE_ORDERS, parameters).rowcount
    return {"updated": updated, "passed_over": len(events) - updated}
