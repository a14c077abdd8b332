"""The one event of the system: `OrderCreated`, as it travels through RabbitMQ.

The type name carries the version (`order.created.v1`); a version only ever gains optional fields, so fields that
this code does not know are passed over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import SchemaValidator, ValidationError

from contracts.fields import AMOUNT, CURRENCY, CUSTOMER_ID
from contracts.timestamps import format_timestamp

ORDER_CREATED_SCHEMA: dict[str, Any] = {
    "type": "typed-dict",
    "extra_behavior": "ignore",
    "total": True,
    "strict": True,
    "fields": {
        "orderId": {"type": "typed-dict-field", "schema": {"type": "uuid", "strict": True}},
        "amount": {"type": "typed-dict-field", "schema": AMOUNT},
        "currency": {"type": "typed-dict-field", "schema": CURRENCY},
        "customer": {
            "type": "typed-dict-field",
            "schema": {
                "type": "typed-dict",
                "extra_behavior": "ignore",
                "total": True,
                "strict": True,
                "fields": {"id": {"type": "typed-dict-field", "schema": CUSTOMER_ID}},
            },
        },
        "createdAt": {
            "type": "typed-dict-field",
            "schema": {"type": "datetime", "strict": True, "tz_constraint": "aware"},
        },
    },
}
_ORDER_CREATED = SchemaValidator(ORDER_CREATED_SCHEMA)


class InvalidEventError(Exception):
    """The message is not an OrderCreated; says what is wrong and never repeats the message's own content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreated:
    order_id: UUID
    customer_id: str
    amount: int
    currency: str
    created_at: datetime

    @classmethod
    def from_json(cls, body: bytes) -> OrderCreated:
        """Parse and validate. Raises InvalidEventError."""
        try:
            fields = _ORDER_CREATED.validate_json(body)
        except ValidationError as error:
            raise InvalidEventError(_reason(error)) from None
        return cls(
            order_id=fields["orderId"],
            customer_id=fields["customer"]["id"],
            amount=fields["amount"],
            currency=fields["currency"],
            created_at=fields["createdAt"],
        )

    def to_json(self) -> bytes:
        return json.dumps(
            {
                "orderId": str(self.order_id),
                "amount": self.amount,
                "currency": self.currency,
                "customer": {"id": self.customer_id},
                "createdAt": format_timestamp(self.created_at),
            },
            separators=(",", ":"),
        ).encode()


def _reason(error: ValidationError) -> str:
    complaints = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, complaint['loc'])) or 'body'}: {complaint['msg']}" for complaint in complaints
    )
