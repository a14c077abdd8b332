"""Audit the guarantees: every order has its invoice (G1), and only one that fits it (G2); nothing waits unnoticed (G3).

Read only. An order is expected to be invoiced, and an event published, when it is older than the audit's age; an outage
of the broker shows as long as it lasts. An audit of the last days looks only at orders of those days, and at the latest
numbers of invoices: what a schedule can afford every few minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from contracts.timestamps import format_timestamp
from operations import audit_queries as queries
from operations import repository

LISTED_MAX = 100
DAY_S = 86_400
NUMBERS_OF_A_RECENT_AUDIT = 100_000
ALL_NUMBERS = 2**62


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found, and how many there are of each by the name of its metric."""

    report: dict[str, Any]
    metrics: dict[str, int]


def audit(connection: psycopg.Connection[Any], *, older_than_s: int, days: int | None) -> Findings:
    """Raises psycopg.Error."""
    parameters = {
        "since": first_id(days),
        "older_than_s": older_than_s,
        "numbers": ALL_NUMBERS if days is None else NUMBERS_OF_A_RECENT_AUDIT,
        "limit": LISTED_MAX,
    }
    found = {name: queries.find(connection, statement, parameters) for name, statement in STATEMENTS.items()}
    outbox_rows, oldest_age_s = queries.outbox(connection)
    _, waiting = repository.count_parked(connection)
    metrics = {METRICS[name]: each.total for name, each in found.items() if name in METRICS}
    metrics |= {"OutboxRows": outbox_rows, "OutboxOldestAgeSeconds": oldest_age_s, "ParkedMessages": waiting}
    healthy = waiting == 0 and not any(each.total for each in found.values())
    findings = {
        name: {"count": each.total, "first": [SHOWN[name](*row) for row in each.rows]} for name, each in found.items()
    }
    outbox = {"rows": outbox_rows, "oldestAgeSeconds": oldest_age_s}
    report = {"healthy": healthy, **findings, "parkedMessages": {"count": waiting}, "outbox": outbox}
    return Findings(report=report, metrics=metrics)


def first_id(days: int | None) -> UUID:
    """The smallest order id (UUID version 7) that can be from the last `days`; None: of all."""
    if days is None:
        return UUID(int=0)
    milliseconds = max(0, int((time.time() - days * DAY_S) * 1000))
    return UUID(int=milliseconds << 80)


def _order(order_id: UUID, customer_id: str, created_at: Any) -> dict[str, Any]:
    return {"orderId": str(order_id), "customerId": customer_id, "createdAt": format_timestamp(created_at)}


def _invoice(order_id: UUID, number: int) -> dict[str, Any]:
    return {"orderId": str(order_id), "number": number}


def _difference(order_id: UUID, number: int, *fields: Any) -> dict[str, Any]:
    """Only what differs, each as ordered and as invoiced."""
    pairs = zip(("amount", "currency", "customerId"), fields[0::2], fields[1::2], strict=True)
    differing = {name: {"order": ours, "invoice": theirs} for name, ours, theirs in pairs if ours != theirs}
    return {**_invoice(order_id, number), "differing": differing}


def _outbox_row(outbox_id: UUID, created_at: Any, due_at: Any, attempts: int, error: str | None) -> dict[str, Any]:
    return {
        "outboxId": str(outbox_id),
        "createdAt": format_timestamp(created_at),
        "dueAt": format_timestamp(due_at),
        "attempts": attempts,
        "lastError": error,
    }


def _gap(first: int, last: int) -> dict[str, Any]:
    return {"first": first, "last": last}


STATEMENTS = {
    "ordersWithoutInvoice": queries.ORDERS_WITHOUT_INVOICE,
    "invoicesWithoutOrder": queries.INVOICES_WITHOUT_ORDER,
    "invoicesDifferingFromOrder": queries.INVOICES_DIFFERING,
    "oldOutboxRows": queries.OLD_OUTBOX_ROWS,
    "invoiceNumberGaps": queries.INVOICE_NUMBER_GAPS,
}
SHOWN: dict[str, Callable[..., dict[str, Any]]] = {
    "ordersWithoutInvoice": _order,
    "invoicesWithoutOrder": _invoice,
    "invoicesDifferingFromOrder": _difference,
    "oldOutboxRows": _outbox_row,
    "invoiceNumberGaps": _gap,
}
# Old rows of the outbox have their age as a metric: an alarm chooses its own threshold.
METRICS = {
    "ordersWithoutInvoice": "OrdersWithoutInvoice",
    "invoicesWithoutOrder": "InvoicesWithoutOrder",
    "invoicesDifferingFromOrder": "InvoicesDifferingFromOrder",
    "invoiceNumberGaps": "InvoiceNumberGaps",
}
