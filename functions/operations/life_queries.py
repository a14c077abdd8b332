"""What the audit asks about an order's life after its invoice: payments, cancellations, credit notes.

As in `audit_queries`; when each is a finding is in `conditions`.
"""

from __future__ import annotations

from operations import conditions

_INVOICED = """
FROM orders.orders o JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id >= %(since)s AND i.order_id >= %(since)s
"""
_FIRST = "ORDER BY i.number LIMIT %(limit)s"


def _statuses(condition: str) -> str:
    return f"""
SELECT count(*) OVER (), i.order_id, i.number, o.status, i.status {_INVOICED} AND {condition} {_FIRST}
"""


def _money(condition: str) -> str:
    return f"""
SELECT count(*) OVER (), i.order_id, i.number, i.status, i.currency, i.amount, coalesce(paid.amount, 0)
FROM invoices.invoices i CROSS JOIN {conditions.PAID}
WHERE i.order_id >= %(since)s AND {condition} {_FIRST}
"""  # noqa: S608 (constants)


PAID_INVOICES_WITHOUT_PAID_ORDER = _statuses(conditions.PAID_INVOICE_WITHOUT_PAID_ORDER)
PAID_ORDERS_WITHOUT_PAID_INVOICE = _statuses(conditions.PAID_ORDER_WITHOUT_PAID_INVOICE)
CANCELED_ORDERS_WITHOUT_CANCELED_INVOICE = _statuses(conditions.CANCELED_ORDER_WITHOUT_CANCELED_INVOICE)
ORDERS_BESIDE_THEIR_INVOICE = _statuses(conditions.ORDER_BESIDE_ITS_INVOICE)
INVOICES_BESIDE_THEIR_PAYMENTS = _money(conditions.INVOICE_BESIDE_ITS_PAYMENTS)
OVERPAID_INVOICES = _money(conditions.OVERPAID)
OWED_BACK = _money(conditions.OWED_BACK)

CANCELED_INVOICES_WITHOUT_CREDIT_NOTE = f"""
SELECT count(*) OVER (), i.order_id, i.number FROM invoices.invoices i
WHERE i.order_id >= %(since)s AND {conditions.CANCELED_WITHOUT_CREDIT_NOTE} {_FIRST}
"""  # noqa: S608 (constants)
