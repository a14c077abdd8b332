"""Do what an operator's request asks for, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from operations import audit, outbox, parked_messages
from operations.request import Audit, Dismiss, ListOutbox, ListParked, Postpone, Remove, Replay, Request

Connection = psycopg.Connection[Any]
# What is left of the invocation when a replay of all stops: enough to commit and answer.
DEADLINE_MARGIN_S = 10.0


def perform(
    request: Request,
    *,
    connection: Connection,
    remaining_s: Callable[[], float],
    emit_metrics: Callable[[Mapping[str, int]], None],
) -> dict[str, Any]:
    """Return the operation's result. Raises UnknownMessageError or psycopg.Error."""
    match request:
        case ListParked():
            return parked_messages.list_parked(
                connection, limit=request.limit, after=request.after, parked_id=request.parked_id
            )
        case Replay():
            return _replay(request, connection, remaining_s)
        case Dismiss():
            parked_messages.dismiss(connection, parked_id=request.parked_id)
            return {"dismissed": 1}
        case ListOutbox():
            return outbox.list_outbox(connection, limit=request.limit, after=request.after, outbox_id=request.outbox_id)
        case Postpone():
            return outbox.postpone(connection, outbox_id=request.outbox_id, seconds=request.seconds)
        case Remove():
            return outbox.remove(connection, outbox_id=request.outbox_id)
        case Audit():
            return _audit(request, connection, emit_metrics)


def _replay(request: Replay, connection: Connection, remaining_s: Callable[[], float]) -> dict[str, int]:
    report = parked_messages.replay(
        connection, parked_id=request.parked_id, is_deadline_near=lambda: remaining_s() < DEADLINE_MARGIN_S
    )
    return {"queued": report.queued, "alreadyQueued": report.already_queued, "remaining": report.remaining}


def _audit(request: Audit, connection: Connection, emit_metrics: Callable[[Mapping[str, int]], None]) -> dict[str, Any]:
    findings = audit.audit(connection, older_than_s=request.older_than_s, days=request.days)
    if request.emit_metrics:
        emit_metrics(findings.metrics)
    return findings.report
