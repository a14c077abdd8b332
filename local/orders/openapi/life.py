"""The calls of an order's life after its creation: lists, invoices, cancellations, payments."""

from __future__ import annotations

from typing import Any

from contracts import http
from contracts.fields import CUSTOMER_ID_PATTERN, REFERENCE_MAX
from orders.openapi import responses
from orders.openapi.models import (
    InvoiceWithPayments,
    Nothing,
    Order,
    Orders,
    Webhook,
    WebhookOutcome,
)
from orders.openapi.operations import (
    IDEMPOTENCY_KEY,
    INVOICE_EXAMPLE,
    NO_KEY,
    ORDER_EXAMPLE,
    ORDER_ID,
    REPLAYED,
)
from orders.openapi.responses import answer, json_content, problem_content

PAYMENT_EXAMPLE: dict[str, Any] = {
    "paymentId": "pay_42",
    "provider": "default",
    "amount": 1999,
    "currency": "BRL",
    "paidAt": "2026-11-23T08:00:00.000Z",
    "refunds": [],
}
PAID_INVOICE = {**INVOICE_EXAMPLE, "status": "paid"}
LISTED: dict[str, Any] = {name: value for name, value in ORDER_EXAMPLE.items() if name != "payments"}
LINK: dict[str, Any] = {
    "Link": {"description": 'The next page, if there is one: `rel="next"`.', "schema": {"type": "string"}}
}
REFERENCE = {"type": "string", "minLength": 1, "maxLength": REFERENCE_MAX, "pattern": CUSTOMER_ID_PATTERN}
INVOICE_ID: dict[str, Any] = {**ORDER_ID, "name": "invoiceId", "example": INVOICE_EXAMPLE["invoiceId"]}


def list_orders() -> dict[str, Any]:
    """`GET /orders`."""
    page = {"orders": [LISTED], "nextCursor": "AZj4oAAAcACAAAAAAAAAAQ"}
    return {
        "operationId": "listOrders",
        "summary": "List the customer's own orders, newest first",
        "parameters": _filters(),
        "responses": {
            "200": answer(
                "A page. What comes in meanwhile moves nothing on the pages that follow.",
                json_content(Orders, page=page, last={"orders": [LISTED], "nextCursor": None}),
                headers=LINK,
            ),
            "400": answer(
                "A parameter is unknown, given twice or has no such value; or the request is not UTF-8.",
                {**problem_content("invalid-query"), **responses.rejection_content(responses.NOT_UTF8)},
            ),
            "401": responses.unauthenticated(),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def cancel_order() -> dict[str, Any]:
    """`POST /orders/{orderId}/cancel`."""
    return {
        "operationId": "cancelOrder",
        "summary": "Cancel an order that is not paid",
        "parameters": [ORDER_ID, IDEMPOTENCY_KEY],
        "requestBody": {"required": False, "content": json_content(Nothing, nothing={})},
        "responses": {
            "200": answer(
                "The order is canceled, now or already. Its invoice follows, with a credit note.",
                json_content(Order, canceled={**ORDER_EXAMPLE, "status": "canceled"}),
                headers={"Idempotent-Replayed": REPLAYED},
            ),
            "400": answer(
                "The body is not JSON, the key is malformed, or path, query or headers are not UTF-8.",
                {
                    **problem_content("not-json", "invalid-idempotency-key"),
                    **responses.rejection_content(responses.NOT_UTF8),
                },
            ),
            "401": responses.unauthenticated(),
            "404": _not_found("order-not-found"),
            "409": answer(
                "The order is paid; or the first request with this key is still running, then with `Retry-After`.",
                problem_content("order-paid", "request-in-progress"),
                headers={"Retry-After": {**responses.RETRY_AFTER["Retry-After"], "required": False}},
            ),
            "413": answer("The body is too large.", responses.rejection_content("Request size limit exceeded")),
            "415": answer("The body is not sent as JSON.", problem_content("unsupported-media-type")),
            "422": answer(
                "The body says something, or the key was used otherwise.",
                problem_content("invalid-order", "idempotency-key-reused"),
            ),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def get_invoice() -> dict[str, Any]:
    """`GET /invoices/{invoiceId}`."""
    example = {**PAID_INVOICE, "orderId": ORDER_EXAMPLE["orderId"], "payments": [PAYMENT_EXAMPLE]}
    return {
        "operationId": "getInvoice",
        "summary": "Read an invoice and its payments",
        "parameters": [INVOICE_ID],
        "responses": {
            "200": answer("The invoice.", json_content(InvoiceWithPayments, paid=example)),
            "400": responses.not_utf8(),
            "401": responses.unauthenticated(),
            "404": _not_found("invoice-not-found"),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def record_payment() -> dict[str, Any]:
    """`POST /webhooks/payments`."""
    money = {"amount": 1999, "currency": "BRL"}
    paid = {"paymentId": "pay_42", "invoiceId": INVOICE_EXAMPLE["invoiceId"], **money, "paidAt": "2026-11-23T08:00:00Z"}
    refunded = {"refundId": "re_7", "paymentId": "pay_42", **money, "refundedAt": "2026-11-24T08:00:00Z"}
    invoice = {name: PAID_INVOICE[name] for name in ("invoiceId", "number", "status")}
    return {
        "operationId": "recordPayment",
        "summary": "Take a payment provider's webhook",
        "description": (
            "Signed after the Standard Webhooks specification; `/webhooks/payments/stripe` takes Stripe's own form. "
            "The same webhook again changes nothing. What fits no invoice is kept, and answered 200 all the same."
        ),
        "security": NO_KEY,
        "parameters": [
            _signature("webhook-id", "The same for each repetition.", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"),
            _signature("webhook-timestamp", "Seconds since 1970, within five minutes of now.", "1795906803"),
            _signature("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256.", "v1,K5oZfzN95Z9UVu1EsfQmf"),
        ],
        "requestBody": {
            "required": True,
            "content": json_content(
                Webhook,
                paid={"type": "payment.succeeded", "data": paid},
                refunded={"type": "payment.refunded", "data": refunded},
            ),
        },
        "responses": {
            "200": answer(
                "It is recorded, was recorded before, is kept as unmatched, or says nothing about money.",
                json_content(
                    WebhookOutcome,
                    recorded={"status": "recorded", "invoice": invoice},
                    unmatched={"status": "unmatched", "reason": "there is no such invoice"},
                ),
            ),
            "400": answer(
                "It is signed and cannot be understood; or the request is not UTF-8.",
                {**problem_content("invalid-webhook"), **responses.rejection_content(responses.NOT_UTF8)},
            ),
            "401": answer("No valid signature, or one of another time.", problem_content("invalid-signature")),
            "413": answer(
                "The body is too large.",
                {
                    **problem_content("webhook-too-large"),
                    **responses.rejection_content("Request size limit exceeded"),
                },
            ),
            "429": responses.too_many_requests(),
            **responses.failures(),
        },
    }


def record_payment_of() -> dict[str, Any]:
    """`POST /webhooks/payments/{provider}`."""
    described = record_payment()
    return {
        **described,
        "operationId": "recordPaymentOfProvider",
        "summary": "Take the webhook of the provider that the path names",
        "parameters": [
            {
                "name": "provider",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "example": "stripe",
            },
            {
                **_signature(
                    "Stripe-Signature", "Of Stripe alone: its time and signatures.", "t=1795906803,v1=5257a869"
                ),
                "required": False,
            },
        ],
        "requestBody": {"required": True, "content": {http.JSON: {"schema": {"type": "object"}}}},
        "responses": {
            **described["responses"],
            "404": _not_found("unknown-provider"),
        },
    }


def _not_found(code: str) -> dict[str, Any]:
    return answer(
        "There is none of this name, or it is another customer's.",
        {**problem_content(code), **responses.rejection_content("no Route matched with those values")},
    )


def _filters() -> list[dict[str, Any]]:
    time = {"type": "string", "format": "date-time"}
    return [
        _query("status", "Only orders of this status.", {"enum": ["pending", "paid", "canceled"]}),
        _query("reference", "Only orders with this reference.", REFERENCE),
        _query("from", "Only orders that were created then or later; RFC 3339, with `Z` or an offset.", time),
        _query("to", "Only orders that were created earlier.", time),
        _query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        _query("cursor", "The `nextCursor` of the page before.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"}),
    ]


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _signature(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }
