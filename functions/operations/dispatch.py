"""Do what an operator's request asks for, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from operations import audit, erasure, mending, outbox, parked_messages, purge, unmatched
from operations.customer_requests import CustomerRequest
from operations.mending_request import Mending
from operations.request import (
    Audit,
    Dismiss,
    DismissUnmatched,
    Erase,
    ListOutbox,
    ListParked,
    ListUnmatched,
    Postpone,
    Purge,
    Remove,
    Replay,
    Request,
)

Connection = psycopg.Connection[Any]
# What is left of the invocation when what goes in batches stops: enough to commit and answer.
DEADLINE_MARGIN_S = 10.0


def perform(
    request: Request,
    *,
    connection: Connection,
    remaining_s: Callable[[], float],
    emit_metrics: Callable[[Mapping[str, int]], None],
    customers: Callable[[CustomerRequest, Connection], dict[str, Any]],
) -> dict[str, Any]:
    """Return the operation's result. Raises an error of the operation's, or psycopg.Error."""

    def is_deadline_near() -> bool:
        return remaining_s() < DEADLINE_MARGIN_S

    if isinstance(request, Mending):
        return mending.perform(request, connection)
    match request:
        case Audit():
            return _audit(request, connection, emit_metrics, is_deadline_near)
        case Replay():
            return _replay(request, connection, is_deadline_near)
        case Purge():
            return purge.purge(connection, days=request.older_than_days, is_deadline_near=is_deadline_near)
        case Erase():
            return erasure.erase(connection, customer_id=request.customer_id, is_deadline_near=is_deadline_near)
        case ListParked() | ListOutbox() | ListUnmatched():
            return _list(request, connection)
        case Dismiss() | DismissUnmatched() | Postpone() | Remove():
            return _change(request, connection)
        case _:
            return customers(request, connection)


def _list(request: ListParked | ListOutbox | ListUnmatched, connection: Connection) -> dict[str, Any]:
    limit, after = request.limit, request.after
    match request:
        case ListParked():
            return parked_messages.list_parked(connection, limit=limit, after=after, parked_id=request.parked_id)
        case ListOutbox():
            return outbox.list_outbox(connection, limit=limit, after=after, outbox_id=request.outbox_id)
        case ListUnmatched():
            return unmatched.list_unmatched(connection, limit=limit, after=after, unmatched_id=request.unmatched_id)


def _change(request: Dismiss | DismissUnmatched | Postpone | Remove, connection: Connection) -> dict[str, Any]:
    match request:
        case Dismiss():
            parked_messages.dismiss(connection, parked_id=request.parked_id)
            return {"dismissed": 1}
        case DismissUnmatched():
            unmatched.dismiss(connection, unmatched_id=request.unmatched_id)
            return {"dismissed": 1}
        case Postpone():
            return outbox.postpone(connection, outbox_id=request.outbox_id, seconds=request.seconds)
        case Remove():
            return outbox.remove(connection, outbox_id=request.outbox_id)


def _replay(request: Replay, connection: Connection, is_deadline_near: Callable[[], bool]) -> dict[str, int]:
    report = parked_messages.replay(connection, parked_id=request.parked_id, is_deadline_near=is_deadline_near)
    return {
        "queued": report.queued,
        "alreadyQueued": report.already_queued,
        "unknownQueue": report.unknown_queue,
        "remaining": report.remaining,
    }


def _audit(
    request: Audit,
    connection: Connection,
    emit_metrics: Callable[[Mapping[str, int]], None],
    is_deadline_near: Callable[[], bool],
) -> dict[str, Any]:
    if request.is_incremental:
        findings = audit.audit_incrementally(
            connection, older_than_s=request.older_than_s, is_deadline_near=is_deadline_near
        )
    else:
        findings = audit.audit(connection, older_than_s=request.older_than_s, days=request.days)
    if request.emit_metrics:
        emit_metrics(findings.metrics)
    return findings.report
