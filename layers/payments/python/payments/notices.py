"""What a provider tells, whatever its form: a payment, or a refund that names its payment."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# As providers name payments, refunds and events.
IDENTIFIER: dict[str, Any] = {
    "type": "str",
    "min_length": 1,
    "max_length": 255,
    "pattern": r"^[^\x00-\x1f\x7f]+$",
    "strict": True,
}

# Times that can be stored and read again, whatever their zone and however they are rounded.
TIME_MIN, TIME_MAX = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

# Of these providers a refund says how much of its payment is refunded by now.
REFUNDS_ARE_TOTALS = frozenset({"stripe"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A payment for `invoice` (an id or a number, as text), or with a `refund_id` a refund of the payment.

    `amount` is in minor units; `delivery_id` is the webhook's own, the same for each repetition. With
    `refunds_are_totals` the provider's refunds say how much of the payment is refunded by now.
    """

    provider: str
    delivery_id: str
    payment_id: str
    refund_id: str | None = None
    invoice: str | None = None
    amount: int
    currency: str
    occurred_at: datetime
    refunds_are_totals: bool = False

    @property
    def kind(self) -> str:
        return "payment" if self.refund_id is None else "refund"

    def fingerprint(self) -> bytes:
        """Equal for two notices that say the same, whatever carried them."""
        said = [self.provider, self.kind, self.payment_id, self.refund_id, self.invoice, self.amount, self.currency]
        return hashlib.sha256(json.dumps(said).encode()).digest()
