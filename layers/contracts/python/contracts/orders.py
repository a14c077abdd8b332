"""The HTTP bodies of the orders API: the command that comes in, the order and its invoice that go out.

JSON in camelCase; amounts are integers in minor units (cents).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import SchemaValidator, ValidationError, from_json

from contracts.fields import AMOUNT, CURRENCY
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
            "schema": {"type": "default", "schema": CURRENCY, "default": DEFAULT_CURRENCY},
        },
    },
}
_CREATE_ORDER = SchemaValidator(CREATE_ORDER_SCHEMA)


class NotJsonError(Exception):
    """The body is not JSON."""


class InvalidOrderError(Exception):
    """The body is JSON and breaks a rule; `errors` has a JSON pointer (RFC 6901) and a message for each."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['pointer']}: {error['detail']}" for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrderRequest:
    """The body of `POST /orders`."""

    amount: int
    currency: str

    @classmethod
    def from_body(cls, body: bytes) -> CreateOrderRequest:
        """Parse and validate. Raises NotJsonError or InvalidOrderError."""
        try:
            # NaN and Infinity are not JSON, although most parsers take them.
            document = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise NotJsonError(str(error)) from error
        try:
            return cls(**_CREATE_ORDER.validate_python(document))
        except ValidationError as error:
            raise InvalidOrderError(_pointers(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    invoice_id: UUID
    number: int
    status: str
    amount: int
    currency: str
    issued_at: datetime
    due_at: datetime

    def to_body(self) -> dict[str, Any]:
        return {
            "invoiceId": str(self.invoice_id),
            "number": self.number,
            "status": self.status,
            "amount": self.amount,
            "currency": self.currency,
            "issuedAt": format_timestamp(self.issued_at),
            "dueAt": format_timestamp(self.due_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    order_id: UUID
    customer_id: str
    amount: int
    currency: str
    status: str
    created_at: datetime
    invoice: Invoice | None = None

    def to_body(self) -> Mapping[str, Any]:
        return {
            "orderId": str(self.order_id),
            "customer": {"id": self.customer_id},
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "createdAt": format_timestamp(self.created_at),
            "invoice": self.invoice.to_body() if self.invoice else None,
        }


def _pointers(error: ValidationError) -> list[dict[str, str]]:
    complaints = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"pointer": "".join(f"/{_escape(part)}" for part in entry["loc"])[:POINTER_MAX], "detail": entry["msg"]}
        for entry in complaints[:ERRORS_MAX]
    ]


def _escape(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
