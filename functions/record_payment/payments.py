"""Record what a provider tells, once, and with it the invoice's status and the event of a change.

Money is never refused: what fits no invoice or no payment is kept as unmatched, with the reason, and answered with 200.
A provider repeats a webhook that is answered otherwise for days, and nobody looks at it here meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol
from uuid import UUID

from contracts.events import InvoiceChanged
from contracts.topology import (
    INVOICE_PAID_ROUTING_KEY,
    INVOICE_PAID_TYPE,
    INVOICE_REOPENED_ROUTING_KEY,
    INVOICE_REOPENED_TYPE,
    INVOICES_EXCHANGE,
)
from outbox import RELAY_MARGIN_S, Publisher, event_message, publish_now, uuid7
from rabbitmq import Message
from record_payment.notices import Notice

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


class PaymentRepository(Protocol):
    def record(self, notice: Notice, *, event_of: Callable[[Invoice], Event], due_in_s: float) -> Outcome: ...
    def delete_published(self, outbox_id: UUID) -> None: ...


def record_payment(
    notice: Notice,
    *,
    repository: PaymentRepository,
    publisher: Publisher,
    traced: Callable[[Message], Message],
    publish_timeout_s: float,
    remaining_s: Callable[[], float],
) -> tuple[Outcome, str | None]:
    """Record it and publish the event of a change; returns the outcome, and why the event is left to the relay.

    `traced` puts a trace context below the order's into the event's message. Raises what the repository raises.
    """
    outcome = repository.record(
        notice,
        event_of=lambda invoice: _event(invoice, traced=traced),
        due_in_s=remaining_s() + RELAY_MARGIN_S,
    )
    event = outcome.event
    if event is None:
        return outcome, None
    failure = publish_now(
        event.message,
        publisher=publisher,
        delete_row=lambda: repository.delete_published(event.outbox_id),
        timeout_s=publish_timeout_s,
        remaining_s=remaining_s,
    )
    return outcome, failure


def status_after(invoice: Invoice, balance: int) -> str:
    """The status that an invoice's payments give it; a canceled one stays so, whatever is paid."""
    if invoice.status == "canceled":
        return invoice.status
    return "paid" if balance >= invoice.amount else "issued"


def _event(invoice: Invoice, *, traced: Callable[[Message], Message]) -> Event:
    """The event of an invoice that has just become what it is."""
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
