"""Do what a request of `mending_request` asks for, and say what came of it."""

from __future__ import annotations

from typing import Any

import psycopg

from operations import activity, order_view, reemission, small_mends
from operations.mending_request import (
    Activity,
    CancelStatement,
    ForgetAttempts,
    FreeIdempotencyKey,
    Match,
    Mending,
    Reemit,
    ShowOrder,
)


def perform(request: Mending, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return the operation's result. Raises UnknownMessageError, RefusedError or psycopg.Error."""
    match request:
        case ShowOrder():
            return order_view.show(connection, order_id=request.order_id, invoice=request.invoice)
        case Reemit():
            return reemission.reemit(connection, order_id=request.order_id)
        case Match():
            return small_mends.match(connection, unmatched_id=request.unmatched_id, invoice=request.invoice)
        case FreeIdempotencyKey():
            return small_mends.free_idempotency_key(connection, customer_id=request.customer_id, key=request.key)
        case ForgetAttempts():
            return small_mends.forget_attempts(connection, side=request.side)
        case Activity():
            return activity.look(connection)
        case CancelStatement():
            return activity.cancel(connection, pid=request.pid, ends_session=request.ends_session)
