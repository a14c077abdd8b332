"""Webhooks as Stripe sends them: `payment_intent.succeeded` and `charge.refunded`, the invoice in the metadata.

https://docs.stripe.com/api/events/types. `charge.refunded` says how much of a charge is refunded by now; since API
version 2022-11-15 it has no list of refunds, and what it was before is promised for `*.updated` events only. So a
refund is known by its charge and by the total that it led to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.errors import InvalidWebhookError
from contracts.events import complaints
from contracts.fields import AMOUNT_MAX, CURRENCIES, to_object
from contracts.lean_pydantic_core import SchemaValidator, ValidationError
from payments.notices import IDENTIFIER, TIME_MAX, Notice
from record_payment import signatures
from record_payment.signatures import Signed

_AMOUNT: dict[str, Any] = {"type": "int", "ge": 0, "le": AMOUNT_MAX, "strict": True}
_SECONDS: dict[str, Any] = {"type": "int", "ge": 0, "le": int(TIME_MAX.timestamp()), "strict": True}
_CURRENCY: dict[str, Any] = {"type": "literal", "expected": sorted(code.lower() for code in CURRENCIES)}
_METADATA = to_object({}, {"invoiceId": IDENTIFIER, "invoiceNumber": IDENTIFIER})
_INTENT = to_object(
    {"id": IDENTIFIER, "amount_received": _AMOUNT, "currency": _CURRENCY, "metadata": _METADATA, "created": _SECONDS}
)
_INTENT_ID: dict[str, Any] = {"type": "nullable", "schema": IDENTIFIER}
_CHARGE = to_object({"id": IDENTIFIER, "payment_intent": _INTENT_ID, "amount_refunded": _AMOUNT, "currency": _CURRENCY})
_EVENT = SchemaValidator(to_object({"id": IDENTIFIER, "type": IDENTIFIER}))
_SUCCEEDED = SchemaValidator(to_object({"data": to_object({"object": _INTENT})}))
_REFUNDED = SchemaValidator(to_object({"created": _SECONDS, "data": to_object({"object": _CHARGE})}))


def read_signature(headers: Mapping[str, str]) -> Signed:
    return signatures.stripe(headers)


def mac(secret: str, content: bytes) -> str:
    return signatures.hex_mac(secret, content)


def read_notice(body: bytes, _: Signed, /, *, provider: str) -> Notice | None:
    """The notice of a verified webhook, None for a type that says nothing about money. Raises InvalidWebhookError."""
    try:
        event = _EVENT.validate_json(body)
        if event["type"] == "payment_intent.succeeded":
            return _payment(event["id"], _SUCCEEDED.validate_json(body)["data"]["object"], provider)
        if event["type"] == "charge.refunded":
            return _refund(event["id"], _REFUNDED.validate_json(body), provider)
    except ValidationError as error:
        raise InvalidWebhookError(f"The webhook's body cannot be understood: {complaints(error)}.") from None
    return None


def _payment(event_id: str, intent: Mapping[str, Any], provider: str) -> Notice | None:
    metadata = intent["metadata"]
    if intent["amount_received"] == 0:
        return None
    return Notice(
        provider=provider,
        delivery_id=event_id,
        payment_id=intent["id"],
        # Without either it is kept as unmatched: the account may take other payments, too.
        invoice=metadata.get("invoiceId") or metadata.get("invoiceNumber"),
        amount=intent["amount_received"],
        currency=intent["currency"].upper(),
        occurred_at=datetime.fromtimestamp(intent["created"], UTC),
        refunds_are_totals=True,
    )


def _refund(event_id: str, event: Mapping[str, Any], provider: str) -> Notice | None:
    charge = event["data"]["object"]
    # A charge without an intent never paid an invoice here.
    if charge["payment_intent"] is None or charge["amount_refunded"] == 0:
        return None
    return Notice(
        provider=provider,
        delivery_id=event_id,
        payment_id=charge["payment_intent"],
        refund_id=f"{charge['id']}/{charge['amount_refunded']}"[:255],
        amount=charge["amount_refunded"],
        currency=charge["currency"].upper(),
        occurred_at=datetime.fromtimestamp(event["created"], UTC),
        refunds_are_totals=True,
    )
