"""The payments of an invoice, the oldest first, each with its refunds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from contracts.orders import Payment, Refund

SELECT_PAYMENTS = """
SELECT p.payment_id, p.provider, p.amount, p.currency, p.paid_at, r.refund_id, r.amount, r.refunded_at
FROM invoices.payments p
LEFT JOIN invoices.refunds r ON r.provider = p.provider AND r.payment_id = p.payment_id
WHERE p.invoice_id = %s
ORDER BY p.recorded_at, p.provider, p.payment_id, r.recorded_at, r.refund_id
"""


def payments_of(connection: psycopg.Connection[Any], invoice_id: UUID) -> list[Payment]:
    """All of them: as many as providers told."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in connection.execute(SELECT_PAYMENTS, [invoice_id]):
        found.setdefault((row[1], row[0]), []).append(row)
    return [_payment(rows) for rows in found.values()]


def _payment(rows: list[tuple[Any, ...]]) -> Payment:
    payment_id, provider, amount, currency, paid_at = rows[0][:5]
    refunds = [Refund(refund_id=row[5], amount=row[6], refunded_at=row[7]) for row in rows if row[5] is not None]
    return Payment(
        payment_id=payment_id, provider=provider, amount=amount, currency=currency, paid_at=paid_at, refunds=refunds
    )
