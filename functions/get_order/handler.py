"""The Lambda behind `GET /orders/{orderId}`, `GET /health` and `GET /openapi.json`.

A customer sees its own orders; anybody else's is answered exactly like one that does not exist (guarantee G5).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from aws_lambda_powertools.logging import Logger

from aws_api import database_password
from aws_api.secrets_manager import SecretUnavailableError
from contracts import settings as environment
from contracts.http import (
    Problem,
    authenticated_customer,
    database_unavailable,
    internal_error,
    method_not_allowed,
    response,
)
from get_order.broker_health import is_answering
from get_order.repository import PostgresOrderRepository
from get_order.settings import Settings
from postgres import Database
from tracing import Span, Tracing, configure, prepare
from tracing.http import http_request, http_response

prepare(os.environ)

BROKER_TIMEOUT_S = 0.5
# Longer than any statement may take (the role's statement_timeout), short enough to answer 503 before the deadline.
HANG_UP_AFTER_S = 4.0
READ_METHODS = ("GET", "HEAD")
HEALTH_PATH = "/health"
OPENAPI_PATH = "/openapi.json"
ROUTES = {path: path for path in (HEALTH_PATH, OPENAPI_PATH)}
ORDER_ROUTE = "/orders/{orderId}"


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    settings: Settings
    database: Database
    repository: PostgresOrderRepository
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="get_order", level=settings.log_level, utc=True)
    tracing = configure(settings.tracing, service="get_order", environ=os.environ, log=logger)
    database = Database(
        settings.database,
        password=database_password(settings.database),
        hang_up_after_s=HANG_UP_AFTER_S,
        observe=tracing.statements(settings.database),
    )
    return Dependencies(
        settings=settings,
        database=database,
        repository=PostgresOrderRepository(database),
        tracing=tracing,
        logger=logger,
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    needs = dependencies()
    needs.logger.set_correlation_id(event["requestContext"]["requestId"])
    name, attributes = http_request(event, route=ROUTES.get(event.get("path", ""), ORDER_ROUTE))
    with needs.tracing.invocation(
        name, context=context, trigger="http", headers=event.get("headers"), attributes=attributes
    ) as span:
        answer = _answer_or_problem(event, span)
        http_response(span, answer["statusCode"])
        return answer


def _answer_or_problem(event: dict[str, Any], span: Span) -> dict[str, Any]:
    logger = dependencies().logger
    try:
        if event["httpMethod"] not in READ_METHODS:
            raise method_not_allowed(event["httpMethod"], ", ".join(READ_METHODS))
        return _answer(event, span)
    except Problem as problem:
        # Kong lets nobody in without a customer: it is not the client who has to know.
        log = logger.warning if problem.status == 401 else logger.info
        log("request refused", extra={"status": problem.status, "problem": problem.kind})
        return problem.to_response()
    except (psycopg.OperationalError, SecretUnavailableError) as error:
        logger.error("database unavailable", extra={"reason": str(error).strip()})
        return database_unavailable().to_response()
    except Exception:
        logger.exception("request failed")
        return internal_error().to_response()


def _answer(event: dict[str, Any], span: Span) -> dict[str, Any]:
    if event["path"] == HEALTH_PATH:
        return _health()
    if event["path"] == OPENAPI_PATH:
        from contracts import openapi  # asked for once in a while: nobody's cold start should pay for it

        return response(200, openapi.document())
    return _order(event, span)


def _order(event: dict[str, Any], span: Span) -> dict[str, Any]:
    customer_id = authenticated_customer(event["headers"])
    span.set({"customer.id": customer_id})
    order_id = _order_id(event["pathParameters"]["order_id"])
    order = dependencies().repository.find(order_id, customer_id=customer_id) if order_id else None
    if order is None:
        raise Problem(404, "order-not-found", title="Order not found", detail="There is no such order of yours.")
    span.set({"order.id": str(order.order_id)})
    dependencies().logger.info("order read", extra={"order_id": str(order.order_id)})
    return response(200, order.to_body())


def _order_id(text: str) -> UUID | None:
    """An id in the one form that we hand out: what else `UUID` accepts (braces, URN, no hyphens) is no order's id."""
    try:
        order_id = UUID(text)
    except ValueError:
        return None
    return order_id if str(order_id) == text.lower() else None


def _health() -> dict[str, Any]:
    if not dependencies().repository.is_writable():
        raise database_unavailable()
    if is_answering(dependencies().settings.broker_endpoint, timeout_s=BROKER_TIMEOUT_S):
        return response(200, {"status": "ok"})
    return response(200, {"status": "degraded", "broker": "down"})
