"""Audit what is new and what changed, and remember what was wrong: the same findings, at a cost that does not grow.

Every order is looked at once its invoice is expected, every number once it is given. Later changes leave a time or a
number, by which their orders are looked at again; what was wrong is looked at each time until it is mended. A change
that leaves no trace (a row changed or deleted by hand) is found by a sweep, a piece of the past in each run. An audit
that was away, or has very many orders to look at, goes in steps, each committed, and says how far behind it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from operations import progress_repository as repository
from operations.progress_repository import Progress

STEP = 50_000
SWEPT = 5_000
# From an order's id to its commit, and from a change's time to its commit: a batch of the consumer takes longest.
IN_FLIGHT_S = 60
OVERLAP_S = 300
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


class Bounds(NamedTuple):
    """What one step looks at, as parameters; whether that is all there is, and the time up to which it is."""

    parameters: dict[str, Any]
    is_last: bool
    behind_s: int


def catch_up(connection: psycopg.Connection[Any], *, older_than_s: int, is_deadline_near: Callable[[], bool]) -> int:
    """Look at all there is, or at what the time allows; returns how many seconds it is behind. Raises psycopg.Error."""
    while True:
        with connection.transaction():
            step = bounds(connection, older_than_s)
            repository.look(connection, step.parameters | {"older_than_s": older_than_s})
        if step.is_last or is_deadline_near():
            return step.behind_s


def bounds(connection: psycopg.Connection[Any], older_than_s: int) -> Bounds:
    """Of the next step; the progress stays locked until the transaction ends."""
    progress = repository.lock_progress(connection)
    now, invoices, credit_notes = repository.counters(connection)
    settled = max(progress.order_id, id_of(now - timedelta(seconds=older_than_s + IN_FLIGHT_S)))
    order_to = repository.last_of(connection, "orders.orders", STEP, after=progress.order_id, until=settled) or settled
    # A counter that was set back by hand is looked at from there.
    invoice_from, credit_note_from = (
        min(progress.invoice_number, invoices),
        min(progress.credit_note_number, credit_notes),
    )
    invoice_to, credit_note_to = min(invoices, invoice_from + STEP), min(credit_notes, credit_note_from + STEP)
    parameters = {
        "order_from": progress.order_id,
        "order_to": order_to,
        "invoice_from": invoice_from,
        "invoice_to": invoice_to,
        "credit_note_from": credit_note_from,
        "credit_note_to": credit_note_to,
        "changed_at": progress.changed_at,
        # What is younger than the audit's age was perhaps not late yet.
        "next_changed_at": now - timedelta(seconds=older_than_s + OVERLAP_S),
        **_found(connection, progress),
        **_sweep(connection, progress, new=invoice_to - invoice_from),
    }
    reached = (order_to, invoice_to, credit_note_to, parameters["found_to"])
    is_last = reached == (settled, invoices, credit_notes, LAST_ID)
    behind_s = max(0, int(now.timestamp() - (order_to.int >> 80) / 1000))
    return Bounds(parameters=parameters, is_last=is_last, behind_s=behind_s)


def _found(connection: psycopg.Connection[Any], progress: Progress) -> dict[str, Any]:
    """The next piece of what was wrong; each run goes through all of it, if its time suffices."""
    after = progress.found_order_id
    found_to = repository.last_of(connection, "audit.open_findings", STEP, after=after, until=LAST_ID)
    return {"found_from": after, "found_to": found_to or LAST_ID, "next_found": found_to or FIRST_ID}


def _sweep(connection: psycopg.Connection[Any], progress: Progress, *, new: int) -> dict[str, Any]:
    """The next piece of what was looked at; from the start again when its end is reached.

    The end moves on with what is `new`, so a piece is twice that: but while the audit itself is far behind.
    """
    piece = SWEPT if new >= STEP else max(SWEPT, 2 * new)
    order_to = repository.last_of(
        connection, "orders.orders", piece, after=progress.swept_order_id, until=progress.order_id
    )
    invoice_from = progress.swept_invoice_number
    invoice_to = min(progress.invoice_number, invoice_from + piece)
    return {
        "swept_order_from": progress.swept_order_id,
        "swept_order_to": order_to or progress.order_id,
        "next_swept_order": order_to or FIRST_ID,
        "swept_invoice_from": invoice_from,
        "swept_invoice_to": invoice_to,
        "next_swept_invoice": 0 if invoice_to >= progress.invoice_number else invoice_to,
    }


def id_of(moment: datetime) -> UUID:
    """The smallest order id (UUID version 7) of this millisecond."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
