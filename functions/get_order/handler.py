"""The Lambda behind what customers read: `GET /orders`, `/orders/{orderId}`, `/invoices/{invoiceId}`, and /health."""

from __future__ import annotations

from functools import partial
from typing import Any

from contracts.errors import MethodNotAllowedError
from contracts.http import answer_or_problem
from get_order.answers import Answer, route_of
from get_order.bootstrap import UNAVAILABLE, dependencies
from tracing import Span
from tracing.http import traced_request


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(event["requestContext"]["requestId"])
    route, answer = route_of(event["path"])
    return traced_request(event, context, route=route, tracing=deps.tracing, answer=partial(_answer, event, answer))


def _answer(event: dict[str, Any], answer: Answer, span: Span) -> dict[str, Any]:
    read, log = partial(_read, event, answer, span), dependencies().logger
    return answer_or_problem(read, subject="request", log=log, unavailable=UNAVAILABLE)


def _read(event: dict[str, Any], answer: Answer, span: Span) -> dict[str, Any]:
    if event["httpMethod"] not in (allowed := ("GET", "HEAD")):
        raise MethodNotAllowedError(event["httpMethod"], allowed)
    return answer(event, span)
