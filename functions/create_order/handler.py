"""The Lambda behind `POST /orders`: parse, store, publish, answer.

A broker that is down or hangs costs the client at most the publish time-out and never the order (guarantee G4).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from aws_lambda_powertools.logging import Logger

from aws_api import database_password, get_secret
from aws_api.metrics import write_metrics
from aws_api.secrets_manager import SecretUnavailableError
from contracts import settings as environment
from contracts.http import Problem, database_unavailable, internal_error, response
from create_order import http_request
from create_order.identifiers import uuid7
from create_order.orders import Accepted, NewOrder, create_order, publish
from create_order.repository import PostgresOrderRepository
from create_order.settings import Settings
from postgres import Database
from rabbitmq import Publisher
from tracing import Span, Tracing, configure, prepare
from tracing.http import http_request as described
from tracing.http import http_response

prepare(os.environ)

# The relay takes over an event when the function that wrote it must be over: its own deadline and this much.
RELAY_MARGIN_S = 5.0
# Longer than any statement may take (the role's statement_timeout), short enough to answer 503 before the deadline.
HANG_UP_AFTER_S = 4.0
# What the answer still needs after publishing, the export of its spans included.
ANSWER_MARGIN_S = 0.5
ROUTE = "/orders"

IN_PROGRESS = Problem(
    409,
    "request-in-progress",
    title="Request in progress",
    detail="The first request with this Idempotency-Key is still running.",
    headers={"Retry-After": "1"},
)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    settings: Settings
    database: Database
    repository: PostgresOrderRepository
    publisher: Publisher
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="create_order", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="create_order", environ=os.environ, log=logger)

    def broker_credentials(timeout_s: float) -> tuple[str, str]:
        secret = get_secret(settings.broker_secret_id, timeout_s=timeout_s)
        return secret["username"], secret["password"]

    database = Database(
        settings.database,
        password=database_password(settings.database),
        hang_up_after_s=HANG_UP_AFTER_S,
        observe=tracing.statements(settings.database),
    )
    publisher = Publisher(settings.broker_endpoint, credentials=broker_credentials)
    return Dependencies(
        settings=settings,
        database=database,
        repository=PostgresOrderRepository(database, idempotency_ttl_hours=settings.idempotency_ttl_hours),
        publisher=tracing.publisher(publisher, endpoint=settings.broker_endpoint, below_message=False),
        tracing=tracing,
        logger=logger,
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    needs = dependencies()
    needs.logger.set_correlation_id(event["requestContext"]["requestId"])
    name, attributes = described(event, route=ROUTE)
    with needs.tracing.invocation(
        name, context=context, trigger="http", headers=event.get("headers"), attributes=attributes
    ) as span:
        answer = _answer_or_problem(event, context, span)
        http_response(span, answer["statusCode"])
        return answer


def _answer_or_problem(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    logger = dependencies().logger
    try:
        return _answer(event, context, span)
    except Problem as problem:
        # Kong lets nobody in without a customer: it is not the client who has to know.
        log = logger.warning if problem.status == 401 else logger.info
        log("order refused", extra={"status": problem.status, "problem": problem.kind})
        write_metrics({"OrdersRejected": 1}, service=context.function_name)
        return problem.to_response()
    except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, SecretUnavailableError) as error:
        logger.error("database unavailable", extra={"reason": str(error).strip()})
        return database_unavailable().to_response()
    except Exception:
        logger.exception("order failed")
        return internal_error().to_response()


def _answer(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    needs = dependencies()
    command = http_request.parse(event)
    span.set({"customer.id": command.customer_id})
    try:
        accepted, new = create_order(
            command,
            repository=needs.repository,
            now=lambda: datetime.now(UTC),
            new_id=uuid7,
            due_in_s=_remaining_s(context) + RELAY_MARGIN_S,
            traced=needs.tracing.created,
        )
    except psycopg.errors.LockNotAvailable:
        # Without a key there is no original to wait for: something else holds a lock, a migration perhaps.
        if command.idempotency_key is None:
            raise
        raise IN_PROGRESS from None
    span.set({"order.id": str(accepted.order_id), "order.is_replay": accepted.is_replay})
    is_left = new is not None and not _publish(new, context)
    replayed = {"OrdersReplayed": 1}
    write_metrics(
        replayed if accepted.is_replay else {"OrdersAccepted": 1, "PublishFailures": int(is_left)},
        service=context.function_name,
    )
    return _created(accepted)


def _publish(new: NewOrder, context: Any) -> bool:
    """Whether the event is published; whatever it was: the order stands, and the relay goes on from its outbox row."""
    needs = dependencies()
    timeout_s = min(needs.settings.publish_timeout_ms / 1000, _remaining_s(context) - ANSWER_MARGIN_S)
    try:
        publish(new, repository=needs.repository, publisher=needs.publisher, timeout_s=timeout_s)
    except Exception as error:
        order_id = str(new.order.order_id)
        needs.logger.warning("event left to the relay", extra={"order_id": order_id, "reason": str(error).strip()})
        return False
    return True


def _created(accepted: Accepted) -> dict[str, Any]:
    dependencies().logger.info(
        "order accepted", extra={"order_id": str(accepted.order_id), "is_replay": accepted.is_replay}
    )
    headers = {"Location": f"/orders/{accepted.order_id}"}
    if accepted.is_replay:
        headers["Idempotent-Replayed"] = "true"
    return response(201, accepted.response_body, headers=headers)


def _remaining_s(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000
