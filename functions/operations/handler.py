"""The Lambda that operators invoke: parked messages, replay, dismissal, audit. Only IAM lets anybody call it.

Nobody reaches the broker or the database from outside the VPC, so this is where they look (`docs/operations.md`). Every
call is logged with its request id, under which CloudTrail knows the caller. What cannot be done raises: the caller sees
the error and its message. The schedule invokes it for the metrics.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import psycopg
from aws_lambda_powertools.logging import Logger

from aws_api import database_password
from aws_api.metrics import write_metrics
from contracts import settings as environment
from operations import audit, parked_messages
from operations.request import Audit, Dismiss, InvalidRequestError, ListParked, Replay, Request, parse
from operations.settings import Settings
from postgres import Database
from tracing import Span, Tracing, configure, prepare

prepare(os.environ)

# What is left of the invocation when a replay of all stops: enough to commit and answer.
DEADLINE_MARGIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="operations", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="operations", environ=os.environ, log=logger)
    database = Database(
        settings.database,
        password=database_password(settings.database),
        observe=tracing.statements(settings.database),
    )
    return Dependencies(database=database, tracing=tracing, logger=logger)


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    needs = dependencies()
    needs.logger.set_correlation_id(context.aws_request_id)
    with needs.tracing.invocation("operations", context=context, trigger="other") as span:
        return _answer(event, context, span)


def _answer(event: Any, context: Any, span: Span) -> dict[str, Any]:
    logger = dependencies().logger
    try:
        request = parse(event)
        span.set({"operation": type(request).__name__})
        answer = _run(request, dependencies().database.connection(), context)
    except (InvalidRequestError, parked_messages.UnknownMessageError) as error:
        logger.warning("operation refused", extra={"reason": str(error)})
        raise
    except Exception:
        logger.exception("operation failed")
        raise
    logger.info("operation done", extra={"request": _shown(request), "outcome": _outcome(answer)})
    return answer


def _run(request: Request, connection: psycopg.Connection[Any], context: Any) -> dict[str, Any]:
    if isinstance(request, ListParked):
        return parked_messages.list_parked(connection, limit=request.limit, parked_id=request.parked_id)
    if isinstance(request, Replay):
        report = parked_messages.replay(
            connection,
            parked_id=request.parked_id,
            is_deadline_near=lambda: context.get_remaining_time_in_millis() / 1000 < DEADLINE_MARGIN_S,
        )
        return {"queued": report.queued, "alreadyQueued": report.already_queued, "remaining": report.remaining}
    if isinstance(request, Dismiss):
        parked_messages.dismiss(connection, parked_id=request.parked_id)
        return {"dismissed": 1}
    return _audit(request, connection, context)


def _audit(request: Audit, connection: psycopg.Connection[Any], context: Any) -> dict[str, Any]:
    findings = audit.audit(connection, older_than_s=request.older_than_s, days=request.days)
    if request.emit_metrics:
        write_metrics(findings.metrics, service=context.function_name)
    return findings.report


def _shown(request: Request) -> dict[str, Any]:
    given = {name: value if value is None else str(value) for name, value in asdict(request).items()}
    return {"operation": type(request).__name__, **given}


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The figures of an answer, without anybody's orders or messages."""
    figures = {name: value["count"] for name, value in answer.items() if isinstance(value, dict) and "count" in value}
    return figures | {name: value for name, value in answer.items() if isinstance(value, int)}
