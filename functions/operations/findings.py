"""The findings of an audit: what each asks, how a case of it is shown, and which metric counts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from contracts.timestamps import format_timestamp
from operations import audit_queries, life_queries, unmatched_repository

Shown = dict[str, Any]


class Finding(NamedTuple):
    """A statement, and what to show of a row of it."""

    statement: str
    show: Callable[..., Shown]


def _order(order_id: UUID, customer_id: str, created_at: Any) -> Shown:
    return {"orderId": str(order_id), "customerId": customer_id, "createdAt": format_timestamp(created_at)}


def _invoice(order_id: UUID, number: int) -> Shown:
    return {"orderId": str(order_id), "number": number}


def _statuses(order_id: UUID, number: int, order: str, invoice: str) -> Shown:
    return {**_invoice(order_id, number), "status": {"order": order, "invoice": invoice}}


def _money(order_id: UUID, number: int, status: str, currency: str, amount: int, paid: int) -> Shown:
    """`paid` is what was paid less what was given back."""
    return {**_invoice(order_id, number), "status": status, "currency": currency, "amount": amount, "paid": paid}


def _owed(order_id: UUID, number: int, _status: str, currency: str, _amount: int, paid: int) -> Shown:
    return {**_invoice(order_id, number), "currency": currency, "owed": paid}


def _difference(order_id: UUID, number: int, *fields: Any) -> Shown:
    """Only what differs, each as ordered and as invoiced."""
    pairs = zip(("amount", "currency", "customerId"), fields[0::2], fields[1::2], strict=True)
    differing = {name: {"order": ours, "invoice": theirs} for name, ours, theirs in pairs if ours != theirs}
    return {**_invoice(order_id, number), "differing": differing}


def _outbox_row(schema: str, outbox_id: UUID, created_at: Any, due_at: Any, attempts: int, error: str | None) -> Shown:
    return {
        "schema": schema,
        "outboxId": str(outbox_id),
        "createdAt": format_timestamp(created_at),
        "dueAt": format_timestamp(due_at),
        "attempts": attempts,
        "lastError": error,
    }


def _unmatched(unmatched_id: UUID, kind: str, provider: str, invoice: str, *rest: Any) -> Shown:
    payment_id, amount, currency, reason = rest
    return {
        "unmatchedId": str(unmatched_id),
        "kind": kind,
        "provider": provider,
        "paymentId": payment_id,
        "invoice": invoice,
        "amount": amount,
        "currency": currency,
        "reason": reason,
    }


def _gap(first: int, last: int) -> Shown:
    return {"first": first, "last": last}


FINDINGS = {
    "ordersWithoutInvoice": Finding(audit_queries.ORDERS_WITHOUT_INVOICE, _order),
    "invoicesWithoutOrder": Finding(audit_queries.INVOICES_WITHOUT_ORDER, _invoice),
    "invoicesDifferingFromOrder": Finding(audit_queries.INVOICES_DIFFERING, _difference),
    "oldOutboxRows": Finding(audit_queries.OLD_OUTBOX_ROWS, _outbox_row),
    "invoiceNumberGaps": Finding(audit_queries.INVOICE_NUMBER_GAPS, _gap),
    "paidInvoicesWithoutPaidOrder": Finding(life_queries.PAID_INVOICES_WITHOUT_PAID_ORDER, _statuses),
    "paidOrdersWithoutPaidInvoice": Finding(life_queries.PAID_ORDERS_WITHOUT_PAID_INVOICE, _statuses),
    "canceledOrdersWithoutCanceledInvoice": Finding(life_queries.CANCELED_ORDERS_WITHOUT_CANCELED_INVOICE, _statuses),
    "ordersBesideTheirInvoice": Finding(life_queries.ORDERS_BESIDE_THEIR_INVOICE, _statuses),
    "invoicesBesideTheirPayments": Finding(life_queries.INVOICES_BESIDE_THEIR_PAYMENTS, _money),
    "canceledInvoicesWithoutCreditNote": Finding(life_queries.CANCELED_INVOICES_WITHOUT_CREDIT_NOTE, _invoice),
    "creditNoteNumberGaps": Finding(audit_queries.CREDIT_NOTE_NUMBER_GAPS, _gap),
    "unmatchedPayments": Finding(unmatched_repository.FIRST_WAITING, _unmatched),
}
# Shown, and no failure: money that came, and has to go back by a person's decision.
MONEY_TO_RETURN = {
    "overpaidInvoices": Finding(life_queries.OVERPAID_INVOICES, _money),
    "owedBack": Finding(life_queries.OWED_BACK, _owed),
}
# Each has an alarm. Old rows of the outbox have their age as a metric: an alarm chooses its own threshold.
METRICS = {
    "ordersWithoutInvoice": "OrdersWithoutInvoice",
    "invoicesWithoutOrder": "InvoicesWithoutOrder",
    "invoicesDifferingFromOrder": "InvoicesDifferingFromOrder",
    "invoiceNumberGaps": "InvoiceNumberGaps",
    "paidInvoicesWithoutPaidOrder": "PaidInvoicesWithoutPaidOrder",
    "paidOrdersWithoutPaidInvoice": "PaidOrdersWithoutPaidInvoice",
    "canceledOrdersWithoutCanceledInvoice": "CanceledOrdersWithoutCanceledInvoice",
    "ordersBesideTheirInvoice": "OrdersBesideTheirInvoice",
    "invoicesBesideTheirPayments": "InvoicesBesideTheirPayments",
    "canceledInvoicesWithoutCreditNote": "CanceledInvoicesWithoutCreditNote",
    "creditNoteNumberGaps": "CreditNoteNumberGaps",
    "unmatchedPayments": "UnmatchedPayments",
}
# Written for dashboards, without an alarm of the stack.
UNWATCHED_METRICS = {
    "overpaidInvoices": "OverpaidInvoices",
    "owedBack": "OwedBack",
}
