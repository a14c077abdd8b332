"""What each path is answered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.http import authenticated_customer, response
from get_order import pages
from get_order.bootstrap import dependencies
from get_order.orders import find_invoice, find_order
from tracing import Span

Answer = Callable[[dict[str, Any], Span], dict[str, Any]]


def route_of(path: str) -> tuple[str, Answer]:
    """The route that a path belongs to, and what answers it."""
    if path in ANSWERS:
        return path, ANSWERS[path]
    return ("/invoices/{invoiceId}", _invoice) if path.startswith("/invoices/") else ("/orders/{orderId}", _order)


def _order(event: dict[str, Any], span: Span) -> dict[str, Any]:
    deps, customer_id = dependencies(), _customer(event, span)
    order = find_order(event["pathParameters"]["order_id"], customer_id=customer_id, repository=deps.repository)
    span.set({"order.id": str(order.order_id)})
    deps.logger.info("order read", extra={"order_id": str(order.order_id)})
    return response(200, order.to_body())


def _orders(event: dict[str, Any], span: Span) -> dict[str, Any]:
    deps, customer_id, query = dependencies(), _customer(event, span), pages.parse(event)
    found = deps.repository.list_orders(query, customer_id=customer_id)
    body, headers = pages.page(found, query, event)
    deps.logger.info("orders listed", extra={"orders": len(body["orders"])})
    return response(200, body, headers=headers)


def _invoice(event: dict[str, Any], span: Span) -> dict[str, Any]:
    deps, customer_id = dependencies(), _customer(event, span)
    found = find_invoice(event["pathParameters"]["invoice_id"], customer_id=customer_id, repository=deps.repository)
    span.set({"order.id": str(found.order_id)})
    deps.logger.info("invoice read", extra={"order_id": str(found.order_id), "invoice_number": found.invoice.number})
    return response(200, found.to_body())


def _customer(event: dict[str, Any], span: Span) -> str:
    customer_id = authenticated_customer(event["headers"])
    span.set({"customer.id": customer_id})
    return customer_id


def _health(*_: Any) -> dict[str, Any]:
    health = dependencies().health()
    return response(200, {"status": "ok"} if health == "ok" else {"status": health, "broker": "down"})


def _openapi(*_: Any) -> dict[str, Any]:
    from contracts import openapi  # asked for once in a while: no cold start should pay for it

    return response(200, openapi.document())


ANSWERS: dict[str, Answer] = {"/orders": _orders, "/health": _health, "/openapi.json": _openapi}
