"""A payment as its provider would tell it: the body, signed after the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: HMAC-SHA256 over id, time
and body. The id of the webhook is made from what it says, so that the same payment again is the same webhook again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime

PATH = "/webhooks/payments"


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment for an invoice; `amount` in minor units."""

    payment_id: str
    invoice_id: str
    amount: int
    currency: str

    @property
    def webhook_id(self) -> str:
        """Another amount under the same payment's id is another webhook."""
        said = json.dumps([self.payment_id, self.invoice_id, self.amount, self.currency])
        return f"msg_{hashlib.sha256(said.encode()).hexdigest()[:32]}"

    def body(self, at: float) -> bytes:
        paid_at = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        data = {
            "paymentId": self.payment_id,
            "invoiceId": self.invoice_id,
            "amount": self.amount,
            "currency": self.currency,
            "paidAt": paid_at,
        }
        return json.dumps({"type": "payment.succeeded", "data": data}, separators=(",", ":")).encode()


def payment_id_of(invoice_id: str) -> str:
    """The id of the payment for a whole invoice: the same however often it is asked for."""
    return f"pay-{invoice_id}"


def signed(payment: Payment, secret: str, *, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of the webhook. Raises ValueError for a secret that is no base64."""
    moment = time.time() if at is None else at
    body, timestamp = payment.body(moment), str(int(moment))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": payment.webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(secret, payment.webhook_id, timestamp, body),
    }
    return body, headers


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    content = b".".join([webhook_id.encode(), timestamp.encode(), body])
    return f"v1,{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"
