"""When an order with its invoice is a finding, as conditions on `o`, `i` and what is `paid`: for one order or for many.

What one service tells the other by an event is expected after the audit's age, counted from the change that the event
tells of; what one transaction writes agrees at any moment. With an order or an invoice missing they are never true.
"""

from __future__ import annotations

LATE = "< statement_timestamp() - %(older_than_s)s * interval '1 second'"

DIFFERING = "(o.amount, o.currency, o.customer_id) IS DISTINCT FROM (i.amount, i.currency, i.customer_id)"
# A canceled order's is looked at below.
PAID_INVOICE_WITHOUT_PAID_ORDER = f"i.status = 'paid' AND o.status = 'pending' AND i.updated_at {LATE}"
PAID_ORDER_WITHOUT_PAID_INVOICE = (
    f"o.status = 'paid' AND i.status = 'issued' AND greatest(o.updated_at, i.updated_at) {LATE}"
)
# An order whose invoice is still to come is one without invoice.
CANCELED_ORDER_WITHOUT_CANCELED_INVOICE = (
    f"o.status = 'canceled' AND i.status <> 'canceled' AND greatest(o.updated_at, i.issued_at) {LATE}"
)
# No event leads there: only a canceled order's invoice is canceled, and no order heeds a version that never was.
ORDER_BESIDE_ITS_INVOICE = "(i.status = 'canceled' AND o.status <> 'canceled' OR o.invoice_version > i.version)"
INVOICE_BESIDE_ITS_PAYMENTS = (
    "(i.status = 'paid' AND coalesce(paid.amount, 0) < i.amount OR i.status = 'issued' AND paid.amount >= i.amount)"
)
OVERPAID = "i.status = 'paid' AND paid.amount > i.amount"
OWED_BACK = "i.status = 'canceled' AND paid.amount > 0"
# A subquery and no anti-join, for which all credit notes might be read.
CANCELED_WITHOUT_CREDIT_NOTE = (
    "i.status = 'canceled' AND (SELECT c.number FROM invoices.credit_notes c WHERE c.invoice_id = i.invoice_id) IS NULL"
)

# From an invoice to its payments by an index, and so never through the payments of all others.
PAID = """LATERAL (
    SELECT sum(p.amount - coalesce((
        SELECT sum(r.amount) FROM invoices.refunds r WHERE r.provider = p.provider AND r.payment_id = p.payment_id
    ), 0))::bigint AS amount
    FROM invoices.payments p WHERE p.invoice_id = i.invoice_id
) paid"""
