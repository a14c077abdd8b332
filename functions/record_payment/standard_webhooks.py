"""Webhooks after the Standard Webhooks specification, in this system's own words: `payment.succeeded`, `.refunded`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.errors import InvalidWebhookError
from contracts.events import complaints
from contracts.fields import AMOUNT, CURRENCY, to_object
from contracts.lean_pydantic_core import SchemaValidator, ValidationError
from payments.notices import IDENTIFIER, TIME_MAX, TIME_MIN, Notice
from record_payment import signatures
from record_payment.signatures import Signed

# RFC 3339, 5.6, of which the validator takes more forms: seconds of Unix time, for example.
_RFC_3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
_TIME: dict[str, Any] = {
    "type": "chain",
    "steps": [
        {"type": "str", "strict": True, "pattern": _RFC_3339},
        {"type": "datetime", "strict": False, "tz_constraint": "aware", "ge": TIME_MIN, "le": TIME_MAX},
    ],
}
_NUMBER: dict[str, Any] = {"type": "int", "ge": 1, "le": 2**63 - 1, "strict": True}

PAYMENT_SCHEMA = to_object(
    {"paymentId": IDENTIFIER, "amount": AMOUNT, "currency": CURRENCY, "paidAt": _TIME},
    {"invoiceId": {"type": "uuid", "strict": True}, "invoiceNumber": _NUMBER},
)
REFUND_SCHEMA = to_object(
    {"refundId": IDENTIFIER, "paymentId": IDENTIFIER, "amount": AMOUNT, "currency": CURRENCY, "refundedAt": _TIME}
)
_TYPE = SchemaValidator(to_object({"type": IDENTIFIER}))
_PAYMENT = SchemaValidator(to_object({"data": PAYMENT_SCHEMA}))
_REFUND = SchemaValidator(to_object({"data": REFUND_SCHEMA}))


def read_signature(headers: Mapping[str, str]) -> Signed:
    return signatures.standard_webhook(headers)


def mac(secret: str, content: bytes) -> str:
    return signatures.base64_mac(secret, content)


def read_notice(body: bytes, signed: Signed, /, *, provider: str) -> Notice | None:
    """The notice of a verified webhook, None for a type that says nothing about money. Raises InvalidWebhookError."""
    try:
        kind = _TYPE.validate_json(body)["type"]
        if kind == "payment.succeeded":
            return _payment(_PAYMENT.validate_json(body)["data"], signed, provider)
        if kind == "payment.refunded":
            return _refund(_REFUND.validate_json(body)["data"], signed, provider)
    except ValidationError as error:
        raise InvalidWebhookError(f"The webhook's body cannot be understood: {complaints(error)}.") from None
    return None


def _payment(data: Mapping[str, Any], signed: Signed, provider: str) -> Notice:
    named = [data[name] for name in ("invoiceId", "invoiceNumber") if name in data]
    if len(named) != 1:
        raise InvalidWebhookError("A payment names its invoice by invoiceId or by invoiceNumber.")
    return Notice(
        provider=provider,
        delivery_id=signed.delivery_id or "",
        payment_id=data["paymentId"],
        invoice=str(named[0]),
        amount=data["amount"],
        currency=data["currency"],
        occurred_at=data["paidAt"],
    )


def _refund(data: Mapping[str, Any], signed: Signed, provider: str) -> Notice:
    return Notice(
        provider=provider,
        delivery_id=signed.delivery_id or "",
        payment_id=data["paymentId"],
        refund_id=data["refundId"],
        amount=data["amount"],
        currency=data["currency"],
        occurred_at=data["refundedAt"],
    )
