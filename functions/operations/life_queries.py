"""What the audit asks about an order's life after its invoice: payments, cancellations, credit notes.

As in `audit_queries`. What one service tells the other by an event is expected after the audit's age, counted from the
change that the event tells of; what one transaction writes agrees at any moment.
"""

from __future__ import annotations

_LATE = "< clock_timestamp() - %(older_than_s)s * interval '1 second'"
_INVOICED = """
FROM orders.orders o JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id >= %(since)s AND i.order_id >= %(since)s
"""
_STATUSES = "SELECT count(*) OVER (), i.order_id, i.number, o.status, i.status"

# A canceled order's is looked at below.
PAID_INVOICES_WITHOUT_PAID_ORDER = f"""
{_STATUSES} {_INVOICED} AND i.status = 'paid' AND o.status = 'pending' AND i.updated_at {_LATE}
ORDER BY i.number LIMIT %(limit)s
"""

PAID_ORDERS_WITHOUT_PAID_INVOICE = f"""
{_STATUSES} {_INVOICED} AND o.status = 'paid' AND i.status = 'issued' AND greatest(o.updated_at, i.updated_at) {_LATE}
ORDER BY i.number LIMIT %(limit)s
"""

# An order whose invoice is still to come is one without invoice.
CANCELED_ORDERS_WITHOUT_CANCELED_INVOICE = f"""
{_STATUSES} {_INVOICED} AND o.status = 'canceled' AND i.status <> 'canceled'
  AND greatest(o.updated_at, i.issued_at) {_LATE}
ORDER BY i.number LIMIT %(limit)s
"""

# No event leads there: only a canceled order's invoice is canceled, and no order heeds a version that never was.
ORDERS_BESIDE_THEIR_INVOICE = f"""
{_STATUSES} {_INVOICED} AND (i.status = 'canceled' AND o.status <> 'canceled' OR o.invoice_version > i.version)
ORDER BY i.number LIMIT %(limit)s
"""

# From each invoice of these orders to its payments by an index, and so never through the payments of all others.
_PAID = """
SELECT count(*) OVER (), i.order_id, i.number, i.status, i.currency, i.amount, coalesce(paid.amount, 0)
FROM invoices.invoices i CROSS JOIN LATERAL (
    SELECT sum(p.amount - coalesce((
        SELECT sum(r.amount) FROM invoices.refunds r WHERE r.provider = p.provider AND r.payment_id = p.payment_id
    ), 0))::bigint AS amount
    FROM invoices.payments p WHERE p.invoice_id = i.invoice_id
) paid
WHERE i.order_id >= %(since)s
"""

INVOICES_BESIDE_THEIR_PAYMENTS = f"""
{_PAID}
  AND (i.status = 'paid' AND coalesce(paid.amount, 0) < i.amount OR i.status = 'issued' AND paid.amount >= i.amount)
ORDER BY i.number LIMIT %(limit)s
"""

OVERPAID_INVOICES = f"""
{_PAID} AND i.status = 'paid' AND paid.amount > i.amount ORDER BY i.number LIMIT %(limit)s
"""

OWED_BACK = f"""
{_PAID} AND i.status = 'canceled' AND paid.amount > 0 ORDER BY i.number LIMIT %(limit)s
"""

# A subquery and no anti-join, for which all credit notes might be read.
CANCELED_INVOICES_WITHOUT_CREDIT_NOTE = """
SELECT count(*) OVER (), i.order_id, i.number FROM invoices.invoices i
WHERE i.order_id >= %(since)s AND i.status = 'canceled'
  AND (SELECT c.number FROM invoices.credit_notes c WHERE c.invoice_id = i.invoice_id) IS NULL
ORDER BY i.number LIMIT %(limit)s
"""
