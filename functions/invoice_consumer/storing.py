"""Store a set of events: invoices for orders that have none, credit notes for those that were canceled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events import OrderCanceled, OrderCreated
from deliveries.event import Delivery
from invoice_consumer import repository
from postgres.lean_psycopg import psycopg

COUNTS = ("issued", "late", "duplicates", "canceled")
Events = Sequence[tuple[OrderCreated | OrderCanceled, Delivery]]


def store(connection: psycopg.Connection[Any], events: Events, *, due_days: int) -> Mapping[str, int]:
    """Inside the caller's transaction; harmless to repeat. An order's events may come in any order."""
    created = [(event, delivery.traceparent()) for event, delivery in events if isinstance(event, OrderCreated)]
    canceled = [event for event, _ in events if isinstance(event, OrderCanceled)]
    repository.lock_counter(connection)
    if canceled:
        repository.remember_canceled(connection, canceled)
    issued = repository.Issued(0, 0, [])
    if created:
        orders, traceparents = zip(*created, strict=True)
        issued = repository.issue_invoices(connection, orders, traceparents, due_days=due_days)
    notes = 0
    if to_cancel := [*issued.canceled, *(event.order_id for event in canceled)]:
        notes = repository.cancel_invoices(connection, to_cancel)
    duplicates = len(created) - issued.total
    return {"issued": issued.total, "late": issued.late, "duplicates": duplicates, "canceled": notes}
