"""What the messages of this side's queue are: an invoice that was paid, or one that is open again."""

from __future__ import annotations

from contracts.events import InvoiceChanged
from contracts.topology import INVOICE_PAID_TYPE, INVOICE_REOPENED_TYPE
from deliveries.batches import refuse_dead_letter, unexpected_type
from deliveries.event import Delivery


def decode(delivery: Delivery) -> InvoiceChanged:
    """Raises InvalidEventError with the reason that the parked message will have."""
    refuse_dead_letter(delivery)
    if delivery.message_type == INVOICE_PAID_TYPE:
        return InvoiceChanged.from_json(delivery.body, status="paid")
    if delivery.message_type == INVOICE_REOPENED_TYPE:
        return InvoiceChanged.from_json(delivery.body, status="issued")
    raise unexpected_type(delivery, INVOICE_PAID_TYPE, INVOICE_REOPENED_TYPE)
