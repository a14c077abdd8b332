"""The events of the system as they travel through RabbitMQ: what happened to an order, what happened to an invoice.

The type name carries the version (`order.created.v1`); a version only ever gains optional fields, so fields that
this code does not know are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from contracts.fields import AMOUNT, CURRENCY, CUSTOMER_ID, to_object
from contracts.lean_pydantic_core import SchemaValidator, ValidationError
from contracts.timestamps import format_timestamp

_UUID: dict[str, Any] = {"type": "uuid", "strict": True}
_TIME: dict[str, Any] = {"type": "datetime", "strict": True, "tz_constraint": "aware"}
_CUSTOMER = to_object({"id": CUSTOMER_ID})
ORDER_CREATED_SCHEMA = to_object(
    {"orderId": _UUID, "amount": AMOUNT, "currency": CURRENCY, "customer": _CUSTOMER, "createdAt": _TIME}
)
ORDER_CANCELED_SCHEMA = to_object({"orderId": _UUID, "customer": _CUSTOMER, "canceledAt": _TIME})
INVOICE_CHANGED_SCHEMA = to_object(
    {
        "orderId": _UUID,
        "invoiceId": _UUID,
        "number": {"type": "int", "ge": 1, "le": 2**63 - 1, "strict": True},
        # Of the invoice: greater with each change of its status.
        "version": {"type": "int", "ge": 1, "le": 2**63 - 1, "strict": True},
        "amount": AMOUNT,
        "currency": CURRENCY,
        "customer": _CUSTOMER,
        "occurredAt": _TIME,
    }
)
_ORDER_CREATED = SchemaValidator(ORDER_CREATED_SCHEMA)
_ORDER_CANCELED = SchemaValidator(ORDER_CANCELED_SCHEMA)
_INVOICE_CHANGED = SchemaValidator(INVOICE_CHANGED_SCHEMA)


class InvalidEventError(Exception):
    """The message is not such an event; says what is wrong and never repeats the message's own content."""


class OrderCreated(NamedTuple):
    order_id: UUID
    customer_id: str
    amount: int
    currency: str
    created_at: datetime

    @classmethod
    def from_json(cls, body: bytes) -> OrderCreated:
        """Parse and validate. Raises InvalidEventError."""
        return cls._of(_validated(_ORDER_CREATED, body))

    @classmethod
    def all_from_json(cls, bodies: Iterable[bytes]) -> list[OrderCreated]:
        """The same for many. Raises ValueError when any of them is not such an event."""
        validate, of = _ORDER_CREATED.validate_json, cls._of
        return [of(validate(body)) for body in bodies]

    @classmethod
    def _of(cls, fields: Any) -> OrderCreated:
        return cls(
            fields["orderId"], fields["customer"]["id"], fields["amount"], fields["currency"], fields["createdAt"]
        )

    def to_json(self) -> bytes:
        return _json(
            {
                "orderId": str(self.order_id),
                "amount": self.amount,
                "currency": self.currency,
                "customer": {"id": self.customer_id},
                "createdAt": format_timestamp(self.created_at),
            }
        )


class OrderCanceled(NamedTuple):
    order_id: UUID
    customer_id: str
    canceled_at: datetime

    @classmethod
    def from_json(cls, body: bytes) -> OrderCanceled:
        """Parse and validate. Raises InvalidEventError."""
        fields = _validated(_ORDER_CANCELED, body)
        return cls(order_id=fields["orderId"], customer_id=fields["customer"]["id"], canceled_at=fields["canceledAt"])

    def to_json(self) -> bytes:
        return _json(
            {
                "orderId": str(self.order_id),
                "customer": {"id": self.customer_id},
                "canceledAt": format_timestamp(self.canceled_at),
            }
        )


class InvoiceChanged(NamedTuple):
    """`InvoicePaid` and `InvoiceReopened`: one body, and the message's type says which; `status` is the new one."""

    status: Literal["paid", "issued"]
    order_id: UUID
    invoice_id: UUID
    number: int
    version: int
    amount: int
    currency: str
    customer_id: str
    occurred_at: datetime

    @classmethod
    def from_json(cls, body: bytes, *, status: Literal["paid", "issued"]) -> InvoiceChanged:
        """Parse and validate. Raises InvalidEventError."""
        fields = _validated(_INVOICE_CHANGED, body)
        return cls(
            status=status,
            order_id=fields["orderId"],
            invoice_id=fields["invoiceId"],
            number=fields["number"],
            version=fields["version"],
            amount=fields["amount"],
            currency=fields["currency"],
            customer_id=fields["customer"]["id"],
            occurred_at=fields["occurredAt"],
        )

    def to_json(self) -> bytes:
        return _json(
            {
                "orderId": str(self.order_id),
                "invoiceId": str(self.invoice_id),
                "number": self.number,
                "version": self.version,
                "amount": self.amount,
                "currency": self.currency,
                "customer": {"id": self.customer_id},
                "occurredAt": format_timestamp(self.occurred_at),
            }
        )


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _validated(schema: SchemaValidator, body: bytes) -> Any:
    try:
        return schema.validate_json(body)
    except ValidationError as error:
        raise InvalidEventError(complaints(error)) from None


def complaints(error: ValidationError) -> str:
    """What is wrong where, without a word of the content itself."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, complaint['loc'])) or 'body'}: {complaint['msg']}" for complaint in found)
