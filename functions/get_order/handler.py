"""The Lambda behind `GET /orders/{orderId}`, `GET /health` and `GET /openapi.json`: route, ask, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from contracts.errors import MethodNotAllowedError
from contracts.http import answer_or_problem, authenticated_customer, response
from get_order.bootstrap import UNAVAILABLE, dependencies
from get_order.orders import find_order
from tracing import Span
from tracing.http import traced_request


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(event["requestContext"]["requestId"])
    route = event["path"] if event.get("path") in ANSWERS else "/orders/{orderId}"
    return traced_request(event, context, route=route, tracing=deps.tracing, answer=partial(_answer, event))


def _answer(event: dict[str, Any], span: Span) -> dict[str, Any]:
    read, log = partial(_read, event, span), dependencies().logger
    return answer_or_problem(read, subject="request", log=log, unavailable=UNAVAILABLE)


def _read(event: dict[str, Any], span: Span) -> dict[str, Any]:
    if event["httpMethod"] not in (allowed := ("GET", "HEAD")):
        raise MethodNotAllowedError(event["httpMethod"], allowed)
    return ANSWERS.get(event["path"], _order)(event, span)


def _order(event: dict[str, Any], span: Span) -> dict[str, Any]:
    deps, customer_id = dependencies(), authenticated_customer(event["headers"])
    span.set({"customer.id": customer_id})
    order = find_order(event["pathParameters"]["order_id"], customer_id=customer_id, repository=deps.repository)
    span.set({"order.id": str(order.order_id)})
    deps.logger.info("order read", extra={"order_id": str(order.order_id)})
    return response(200, order.to_body())


def _health(*_: Any) -> dict[str, Any]:
    health = dependencies().health()
    return response(200, {"status": "ok"} if health == "ok" else {"status": health, "broker": "down"})


def _openapi(*_: Any) -> dict[str, Any]:
    from contracts import openapi  # asked for once in a while: no cold start should pay for it

    return response(200, openapi.document())


ANSWERS: Mapping[str, Callable[[dict[str, Any], Span], dict[str, Any]]] = {
    "/health": _health,
    "/openapi.json": _openapi,
}
