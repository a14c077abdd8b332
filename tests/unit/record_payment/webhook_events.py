"""Webhooks as Kong passes them on, signed here by other code than that which verifies them, at a fixed time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from record_payment import standard_webhooks, stripe
from record_payment.secrets import ProviderSecrets
from record_payment.webhooks import Provider, parse

# The specification's own: https://github.com/standard-webhooks/standard-webhooks, the test vectors of its libraries.
SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SPEC_SECONDS = 1_614_265_330
SPEC_BODY = b'{"test": 2432232314}'
SPEC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
STRIPE_SECRET = "whsec_textOfStripe"

PAYMENT: dict[str, Any] = {
    "paymentId": "p1",
    "invoiceNumber": 7,
    "amount": 1999,
    "currency": "BRL",
    "paidAt": "2026-11-22T13:42:18.184Z",
}
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "amount_received": 1999,
    "currency": "brl",
    "metadata": {"invoiceNumber": "7"},
    "created": SPEC_SECONDS,
}


def event(body: bytes, headers: Mapping[str, str], *, provider: str | None = None, method: str = "POST") -> Any:
    return {
        "httpMethod": method,
        "headers": dict(headers),
        "pathParameters": {"provider": provider} if provider else {},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def standard_headers(
    body: bytes, *, secret: str = SPEC_SECRET, webhook_id: str = SPEC_ID, seconds: object = SPEC_SECONDS
) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{webhook_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": webhook_id, "webhook-timestamp": str(seconds), "webhook-signature": signature}


def stripe_headers(body: bytes, *, secret: str = STRIPE_SECRET, seconds: object = SPEC_SECONDS) -> dict[str, str]:
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={seconds},v1={mac}"}


def standard(kind: str = "payment.succeeded", data: Mapping[str, Any] = PAYMENT, **options: Any) -> Any:
    body = json.dumps({"type": kind, "data": data}).encode()
    return event(body, standard_headers(body, **options))


def of_stripe(kind: str, of: Mapping[str, Any], *, named: str = "evt_1", **options: Any) -> Any:
    body = json.dumps({"id": named, "type": kind, "created": SPEC_SECONDS, "data": {"object": of}}).encode()
    return event(body, stripe_headers(body, **options), provider="stripe")


def read(
    given: Any,
    *,
    now_s: float = SPEC_SECONDS,
    fields: Mapping[str, str] | None = None,
    bare: ProviderSecrets | None = None,
) -> Any:
    """What `record_payment` makes of an event at this time, with these fields in the secret of the default provider."""
    secrets = bare or ProviderSecrets(lambda: fields or {"current": SPEC_SECRET})
    providers = {
        "default": Provider(form=standard_webhooks, secrets=secrets),
        "stripe": Provider(form=stripe, secrets=ProviderSecrets(lambda: fields or {"current": STRIPE_SECRET})),
    }
    return parse(given, providers=providers, now_s=lambda: now_s)
