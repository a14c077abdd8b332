"""The calls: what each takes, and everything that it may answer."""

from __future__ import annotations

from typing import Any

from contracts import http
from orders.openapi import responses
from orders.openapi.models import CreateOrderRequest, Health, Order
from orders.openapi.responses import answer, json_content, problem_content

ID_EXAMPLE = "0198f8a0-0000-7000-8000-000000000001"
ORDER_EXAMPLE: dict[str, Any] = {
    "orderId": ID_EXAMPLE,
    "customer": {"id": "demo"},
    "amount": 1999,
    "currency": "BRL",
    "status": "pending",
    "reference": None,
    "createdAt": "2026-11-22T13:42:18.184Z",
    "updatedAt": "2026-11-22T13:42:18.184Z",
    "invoice": None,
    "payments": [],
}
INVOICE_EXAMPLE: dict[str, Any] = {
    "invoiceId": "0198f8a0-0000-7000-8000-000000000002",
    "number": 1,
    "status": "issued",
    "amount": 1999,
    "currency": "BRL",
    "issuedAt": "2026-11-22T13:42:19.020Z",
    "dueAt": "2026-12-22T13:42:19.020Z",
    "creditNote": None,
}
ORDER_ID: dict[str, Any] = {
    "name": "orderId",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "example": ID_EXAMPLE,
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "The same key of one customer is one request: a repetition within 24 hours gets the first answer again. 1 "
        "to 255 printable ASCII characters: bare, without comma and semicolon, or as a quoted string. Parameters "
        "behind either (RFC 8941) are ignored: `K;a=1` is the key `K`."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": r'^([!#-+\--:<-~]([ -+\--:<-~]*[!-+\--:<-~])?|"([ !#-\[\]-~]|\\["\\])+")$',
    },
    "example": "7e3f1c52-order-42",
}
LOCATION = {
    "description": "Where the order is.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
REPLAYED = {
    "description": "Present when this is the answer of an earlier request with the same key.",
    "schema": {"const": "true"},
}
NO_KEY: list[Any] = [{}]


def create_order() -> dict[str, Any]:
    """`POST /orders`."""
    return {
        "operationId": "createOrder",
        "summary": "Create an order",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": json_content(
                CreateOrderRequest,
                complete={"amount": 1999, "currency": "BRL"},
                defaultCurrency={"amount": 1999},
                reference={"amount": 1999, "currency": "BRL", "reference": "basket 42"},
            ),
        },
        "responses": {
            "201": _created(),
            "400": answer(
                "The body is not JSON, the key is malformed, or path, query or headers are not UTF-8.",
                {
                    **problem_content("not-json", "invalid-idempotency-key"),
                    **responses.rejection_content(responses.NOT_UTF8),
                },
            ),
            "401": responses.unauthenticated(),
            "409": answer(
                "The first request with this key is still running.",
                problem_content("request-in-progress"),
                headers=responses.RETRY_AFTER,
            ),
            "413": answer("The body is too large.", responses.rejection_content("Request size limit exceeded")),
            "415": answer("The body is not sent as JSON.", problem_content("unsupported-media-type")),
            "422": answer(
                "The body breaks a rule, or the key had another body.",
                problem_content("invalid-order", "idempotency-key-reused"),
            ),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def get_order() -> dict[str, Any]:
    """`GET /orders/{orderId}`."""
    return {
        "operationId": "getOrder",
        "summary": "Read an order and its invoice",
        "parameters": [ORDER_ID],
        "responses": {
            "200": answer(
                "The order.",
                json_content(Order, pending=ORDER_EXAMPLE, invoiced={**ORDER_EXAMPLE, "invoice": INVOICE_EXAMPLE}),
            ),
            "400": responses.not_utf8(),
            "401": responses.unauthenticated(),
            "404": answer(
                "No such order, or another customer's.",
                {
                    **problem_content("order-not-found"),
                    **responses.rejection_content("no Route matched with those values"),
                },
            ),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def get_health() -> dict[str, Any]:
    """`GET /health`."""
    content = json_content(Health, ok={"status": "ok"}, degraded={"status": "degraded", "broker": "down"})
    return {
        "operationId": "getHealth",
        "summary": "Say whether orders are accepted",
        "security": NO_KEY,
        "responses": {
            "200": answer("Orders are accepted.", content),
            "400": responses.not_utf8(),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def get_openapi() -> dict[str, Any]:
    """`GET /openapi.json`."""
    return {
        "operationId": "getDescription",
        "summary": "This description",
        "security": NO_KEY,
        "responses": {
            "200": answer("An OpenAPI 3.1 document.", {http.JSON: {"schema": {"type": "object"}}}),
            "400": responses.not_utf8(),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def _created() -> dict[str, Any]:
    return {
        **answer(
            "The order is stored. A repetition of its key gets the same, plus `Idempotent-Replayed`.",
            json_content(Order, pending=ORDER_EXAMPLE),
            headers={"Location": LOCATION, "Idempotent-Replayed": REPLAYED},
        ),
        "links": {
            "order": {"operationId": "getOrder", "parameters": {"orderId": "$response.body#/orderId"}},
        },
    }
