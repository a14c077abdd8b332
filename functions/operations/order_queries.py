"""What `order` asks the database: a statement for each part of an order, columns by the names that the answer has."""

from __future__ import annotations

from operations.pages import TEXT_LENGTH_MAX
from operations.repository import WAITING
from operations.sides import of_both

# Of each list; an order with more of anything is looked at by SQL.
LISTED_MAX = 100

ORDER_OF_INVOICE = """
SELECT order_id FROM invoices.invoices WHERE number = %(number)s::bigint
UNION ALL SELECT order_id FROM invoices.invoices WHERE invoice_id = %(invoice_id)s::uuid
"""

ORDER = """
SELECT order_id AS "orderId", customer_id AS "customerId", amount, currency, status, reference,
       created_at AS "createdAt", updated_at AS "updatedAt", invoice_version AS "invoiceVersion"
FROM orders.orders WHERE order_id = %(order_id)s
"""

INVOICE = """
SELECT invoice_id AS "invoiceId", number, status, version, amount, currency, customer_id AS "customerId",
       issued_at AS "issuedAt", due_at AS "dueAt", updated_at AS "updatedAt", traceparent
FROM invoices.invoices WHERE order_id = %(order_id)s
"""

CREDIT_NOTE = """
SELECT number, amount, currency, issued_at AS "issuedAt" FROM invoices.credit_notes WHERE invoice_id = %(invoice_id)s
"""

CANCELED = 'SELECT canceled_at AS "canceledAt" FROM invoices.canceled_orders WHERE order_id = %(order_id)s'

PAYMENTS = """
SELECT provider, payment_id AS "paymentId", amount, currency, paid_at AS "paidAt", recorded_at AS "recordedAt"
FROM invoices.payments WHERE invoice_id = %(invoice_id)s ORDER BY recorded_at, payment_id LIMIT %(limit)s
"""

REFUNDS = """
SELECT r.provider, r.refund_id AS "refundId", r.payment_id AS "paymentId", r.amount,
       r.refunded_at AS "refundedAt", r.recorded_at AS "recordedAt"
FROM invoices.refunds r JOIN invoices.payments p ON p.provider = r.provider AND p.payment_id = r.payment_id
WHERE p.invoice_id = %(invoice_id)s ORDER BY r.recorded_at, r.refund_id LIMIT %(limit)s
"""

# What names the invoice, and what names a payment of it.
UNMATCHED = f"""
SELECT unmatched_id AS "unmatchedId", kind, provider, left(payment_id, {TEXT_LENGTH_MAX}) AS "paymentId", amount,
       left(currency, {TEXT_LENGTH_MAX}) AS currency, left(reason, {TEXT_LENGTH_MAX}) AS reason,
       matched_at AS "matchedAt", dismissed_at AS "dismissedAt"
FROM invoices.unmatched_payments WHERE unmatched_id = ANY (ARRAY(
    SELECT unmatched_id FROM invoices.unmatched_payments WHERE invoice = %(invoice_id)s::text
    UNION ALL SELECT unmatched_id FROM invoices.unmatched_payments WHERE invoice = %(number)s::text
    UNION ALL SELECT u.unmatched_id
    FROM invoices.payments p JOIN invoices.unmatched_payments u USING (provider, payment_id)
    WHERE p.invoice_id = %(invoice_id)s::uuid
))
ORDER BY first_seen_at LIMIT %(limit)s
"""  # noqa: S608 (constants)

KEYS = """
SELECT key, created_at AS "createdAt", expires_at AS "expiresAt" FROM orders.idempotency_keys
WHERE customer_id = %(customer_id)s AND order_id = %(order_id)s ORDER BY created_at LIMIT %(limit)s
"""

_OUTBOX = of_both("outbox", "outbox_id, routing_key, body, created_at, due_at, attempts, last_error", name="side")
_PARKED = of_both(
    "parked_messages",
    "parked_id, queue, body, reason, last_seen_at, replayed_at, dismissed_at, seen_count",
    name="side",
)
# As our own events spell it. Both tables are short but for an outage, and this is asked for one order.
_NAMES_ORDER = "position(%(text)s::bytea IN body) > 0"

OUTBOX = f"""
SELECT side, outbox_id AS "outboxId", routing_key AS "routingKey", created_at AS "createdAt", due_at AS "dueAt",
       attempts, left(last_error, {TEXT_LENGTH_MAX}) AS "lastError"
FROM {_OUTBOX} WHERE {_NAMES_ORDER} ORDER BY created_at LIMIT %(limit)s
"""  # noqa: S608 (constants)

PARKED = f"""
SELECT side, parked_id AS "parkedId", left(queue, {TEXT_LENGTH_MAX}) AS queue,
       left(reason, {TEXT_LENGTH_MAX}) AS reason, {WAITING} AS "isWaiting",
       last_seen_at AS "lastSeenAt", seen_count AS "seenCount"
FROM {_PARKED} WHERE {_NAMES_ORDER} ORDER BY last_seen_at LIMIT %(limit)s
"""  # noqa: S608 (constants)

LISTS = {
    "payments": PAYMENTS,
    "refunds": REFUNDS,
    "unmatchedPayments": UNMATCHED,
    "idempotencyKeys": KEYS,
    "outbox": OUTBOX,
    "parkedMessages": PARKED,
}
