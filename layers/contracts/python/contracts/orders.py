"""The HTTP bodies of the orders API: the command that comes in, the order and its invoice that go out.

JSON in camelCase; amounts are integers in minor units (cents).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from contracts.errors import InvalidOrderError, NotJsonError
from contracts.fields import AMOUNT, CURRENCY, REFERENCE
from contracts.lean_pydantic_core import SchemaValidator, ValidationError, from_json
from contracts.timestamps import format_timestamp

DEFAULT_CURRENCY = "BRL"
# A body of a hundred thousand unknown fields must not become an answer that Lambda refuses for its size.
ERRORS_MAX = 20
POINTER_MAX = 200

CREATE_ORDER_SCHEMA: dict[str, Any] = {
    "type": "typed-dict",
    "extra_behavior": "forbid",
    "total": True,
    "strict": True,
    "fields": {
        "amount": {"type": "typed-dict-field", "schema": AMOUNT},
        "currency": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "default", "schema": CURRENCY, "default": DEFAULT_CURRENCY},
        },
        "reference": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "default", "schema": {"type": "nullable", "schema": REFERENCE}, "default": None},
        },
    },
}
_CREATE_ORDER = SchemaValidator(CREATE_ORDER_SCHEMA)
# The parser gives up on numbers of some thousand digits; twenty are as far beyond every limit.
_LONG_NUMBER = re.compile(rb"([0-9]{20})[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrderRequest:
    """The body of `POST /orders`."""

    amount: int
    currency: str
    reference: str | None = None

    @classmethod
    def from_body(cls, body: bytes) -> CreateOrderRequest:
        """Parse and validate. Raises NotJsonError or InvalidOrderError."""
        document = parse_json(body)
        try:
            return cls(**_CREATE_ORDER.validate_python(_bounded(document)))
        except ValidationError as error:
            raise InvalidOrderError(_pointers(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    number: int
    issued_at: datetime

    def to_body(self) -> dict[str, Any]:
        return {"number": self.number, "issuedAt": format_timestamp(self.issued_at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    refund_id: str
    amount: int
    refunded_at: datetime

    def to_body(self) -> dict[str, Any]:
        return {"refundId": self.refund_id, "amount": self.amount, "refundedAt": format_timestamp(self.refunded_at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a provider said was paid for an invoice, and what of it was given back."""

    payment_id: str
    provider: str
    amount: int
    currency: str
    paid_at: datetime
    refunds: Sequence[Refund] = ()

    def to_body(self) -> dict[str, Any]:
        return {
            "paymentId": self.payment_id,
            "provider": self.provider,
            "amount": self.amount,
            "currency": self.currency,
            "paidAt": format_timestamp(self.paid_at),
            "refunds": [refund.to_body() for refund in self.refunds],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    invoice_id: UUID
    number: int
    status: str
    amount: int
    currency: str
    issued_at: datetime
    due_at: datetime
    credit_note: CreditNote | None = None

    def to_body(self) -> dict[str, Any]:
        return {
            "invoiceId": str(self.invoice_id),
            "number": self.number,
            "status": self.status,
            "amount": self.amount,
            "currency": self.currency,
            "issuedAt": format_timestamp(self.issued_at),
            "dueAt": format_timestamp(self.due_at),
            "creditNote": self.credit_note.to_body() if self.credit_note else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its customer sees it; `payments` are None where they were not asked for, in a list of orders."""

    order_id: UUID
    customer_id: str
    amount: int
    currency: str
    status: str
    reference: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    invoice: Invoice | None = None
    payments: Sequence[Payment] | None = ()

    def to_body(self) -> dict[str, Any]:
        body = {
            "orderId": str(self.order_id),
            "customer": {"id": self.customer_id},
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "reference": self.reference,
            "createdAt": format_timestamp(self.created_at),
            "updatedAt": format_timestamp(self.updated_at or self.created_at),
            "invoice": self.invoice.to_body() if self.invoice else None,
        }
        return body if self.payments is None else {**body, "payments": [each.to_body() for each in self.payments]}


def parse_json(body: bytes) -> Any:
    """The document that a request's body holds. Raises NotJsonError."""
    try:
        # NaN and Infinity are not JSON, although most parsers take them.
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        shortened = _LONG_NUMBER.sub(rb"\1", body)
        if shortened != body:
            return parse_json(shortened)
        raise NotJsonError(f"The body cannot be read as JSON: {error}.") from None


def _bounded(document: Any) -> Any:
    """The document, with no more unknown fields than there will be complaints: each costs an error's making."""
    known = CREATE_ORDER_SCHEMA["fields"]
    if not isinstance(document, dict) or len(document) <= ERRORS_MAX + len(known):
        return document
    names = [*known, *islice(document, ERRORS_MAX)]
    return {name: document[name] for name in names if name in document}


def _pointers(error: ValidationError) -> list[dict[str, str]]:
    complaints = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"pointer": "".join(f"/{_escape(part)}" for part in entry["loc"])[:POINTER_MAX], "detail": entry["msg"]}
        for entry in complaints[:ERRORS_MAX]
    ]


def _escape(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
