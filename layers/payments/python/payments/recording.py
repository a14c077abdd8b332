"""What is recorded, and what an invoice becomes by it: its status follows from its payments, and an event tells of it.

Money is never refused: what fits no invoice or no payment is unmatched, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from contracts.events import InvoiceChanged
from contracts.topology import (
    INVOICE_PAID_ROUTING_KEY,
    INVOICE_PAID_TYPE,
    INVOICE_REOPENED_ROUTING_KEY,
    INVOICE_REOPENED_TYPE,
    INVOICES_EXCHANGE,
)
from outbox import event_message, uuid7
from rabbitmq import Message

Status = Literal["paid", "issued"]
ROUTES = {
    "paid": (INVOICE_PAID_ROUTING_KEY, INVOICE_PAID_TYPE),
    "issued": (INVOICE_REOPENED_ROUTING_KEY, INVOICE_REOPENED_TYPE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice, locked; `status` is `issued`, `paid` or `canceled`, `traceparent` that of its order's event."""

    invoice_id: UUID
    number: int
    order_id: UUID
    customer_id: str
    amount: int
    currency: str
    status: str
    version: int
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that is stored with the change that it tells of."""

    outbox_id: UUID
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a notice; `reason` says why it is unmatched, `event` is there when the invoice changed."""

    status: Literal["recorded", "already recorded", "unmatched"]
    invoice: Invoice | None = None
    reason: str | None = None
    event: Event | None = None


class UnmatchedError(Exception):
    """The notice fits nothing; the text is the reason that is kept."""


def status_after(invoice: Invoice, balance: int) -> str:
    """The status that an invoice's payments give it; a canceled one stays so, whatever is paid."""
    if invoice.status == "canceled":
        return invoice.status
    return "paid" if balance >= invoice.amount else "issued"


def event_of(invoice: Invoice, *, traced: Callable[[Message], Message]) -> Event:
    """The event of an invoice that has just become what it is; `traced` puts a trace context into its message."""
    routing_key, type_ = ROUTES[invoice.status]
    changed = InvoiceChanged(
        status="paid" if invoice.status == "paid" else "issued",
        order_id=invoice.order_id,
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        version=invoice.version,
        amount=invoice.amount,
        currency=invoice.currency,
        customer_id=invoice.customer_id,
        occurred_at=datetime.now(UTC),
    )
    outbox_id = uuid7()
    message = event_message(
        changed.to_json(),
        exchange=INVOICES_EXCHANGE,
        routing_key=routing_key,
        type_=type_,
        message_id=outbox_id,
        trace_headers={} if invoice.traceparent is None else {"traceparent": invoice.traceparent},
    )
    return Event(outbox_id=outbox_id, message=traced(message))
