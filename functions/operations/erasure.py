"""Erase one customer: orders and invoices, which the law keeps, get a pseudonym; everything else that names it goes.

Nothing accepted is lost: while an event of the customer is unpublished, an order not invoiced or a parked message
undecided, it is refused with what has to happen first. The pseudonym is drawn by lot and leads back to no customer. It
can be repeated: what came, or was left for want of time, goes then, under another pseudonym.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg

from operations import erasure_repository as repository

PSEUDONYM_PREFIX = "erased-"


class ErasureRefusedError(Exception):
    """Something of this customer is still on its way, or there is nothing; the message says what, and never whose."""


def erase(
    connection: psycopg.Connection[Any], *, customer_id: str, is_deadline_near: Callable[[], bool]
) -> dict[str, Any]:
    """Return how many of each are erased. Raises ErasureRefusedError, with nothing changed."""
    _refuse_unfinished(repository.unfinished(connection, customer_id))
    pseudonym = f"{PSEUDONYM_PREFIX}{uuid4()}"
    orders, invoices, keys = 0, 0, 0
    while not is_deadline_near():
        renamed_orders, renamed_invoices = repository.rename(connection, customer_id, pseudonym)
        deleted = repository.delete_keys(connection, customer_id)
        orders, invoices, keys = orders + renamed_orders, invoices + renamed_invoices, keys + deleted
        if renamed_orders == deleted == 0:
            break
    erased = {
        "pseudonym": pseudonym if orders else None,
        "orders": orders,
        "invoices": invoices,
        "idempotencyKeys": keys,
        "parkedMessages": repository.delete_parked(connection, customer_id),
        # It is out of the gateways' object since it was suspended.
        "customers": repository.delete_customer(connection, customer_id),
        "remaining": repository.count_orders(connection, customer_id),
    }
    if not any(erased.values()):
        raise ErasureRefusedError("nothing names this customer: the name is another one, or it is erased already")
    return erased


def _refuse_unfinished(unfinished: repository.Unfinished) -> None:
    reasons = {
        "keys that are not refused (suspendCustomer)": unfinished.active_customers,
        # The next deployment would adopt it again, a revoked key included.
        "names in the stack's `consumers` (take it out of them)": unfinished.stack_customers,
        "events in the outbox (the relay publishes them)": unfinished.outbox_rows,
        "orders without invoice (it follows their event)": unfinished.orders_without_invoice,
        "parked messages that wait (replay or dismiss them)": unfinished.waiting_messages,
    }
    if found := [f"{what}: {count}" for what, count in reasons.items() if count]:
        raise ErasureRefusedError(f"not yet, something of this customer is on its way: {', '.join(found)}")
