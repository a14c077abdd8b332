"""Compare what payers were told with what the database holds: money adds up, and nothing is canceled and paid at once.

Every accepted payment is stored once (G8), an invoice's status follows from its payments, an order's from its invoice,
and a cancellation that was granted stands. Payers send no webhook that does not fit, so none may be unmatched.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from proof.chaos.history import Cancellation, History, Told, Webhook
from proof.chaos.records import InvoiceRow, OrderRow, PaymentRow, Records

# What a gateway or a function answers a webhook that it does not take now; everything else is final.
_LATER = (429, 500, 502, 503, 504)
Complaint = tuple[str, str, str]
"""The kind of a violation, the id of the order concerned, and what is wrong."""


def complaints(history: History, records: Records) -> Iterator[Complaint]:
    """Return what does not add up."""
    stored = {row.id: row for row in records.payments}
    yield from _webhooks(history, stored)
    yield from _rows(history, records)
    invoices = {invoice.order_id: invoice for invoice in records.invoices}
    balance = _balances(records.payments)
    for order in records.orders:
        if invoice := invoices.get(order.order_id):
            yield from _states(order, invoice, balance[invoice.invoice_id])
    yield from _cancellations(history, {order.order_id: order for order in records.orders})
    yield from _credit_notes(records)


def _webhooks(history: History, stored: Mapping[str, PaymentRow]) -> Iterator[Complaint]:
    for told in history.told:
        sent, row = told.webhook, stored.get(told.webhook.id)
        if told.is_recorded and row is None:
            yield "lost", sent.order_id, f"it was told as recorded and is not stored: {told.shown()}"
        if told.is_accepted and not told.is_recorded:
            yield "changed", sent.order_id, f"it fits and was not matched: {told.shown()}"
        if not told.is_accepted and told.status and told.status not in _LATER:
            yield "harmed", sent.order_id, f"a good webhook was refused: {told.shown()}"
        if row is not None and not _is_of(row, sent):
            yield "changed", sent.order_id, f"{sent} was stored as {row}"


def _is_of(row: PaymentRow, sent: Webhook) -> bool:
    return (row.refund_of, row.invoice_id, row.amount) == (sent.refund_of, sent.invoice_id, sent.amount)


def _rows(history: History, records: Records) -> Iterator[Complaint]:
    sent = {told.webhook.id for told in history.told}
    for identifier, count in Counter(row.id for row in records.payments).items():
        if count > 1:
            yield "duplicate", "", f"{identifier} is stored {count} times"
        if identifier not in sent:
            yield "duplicate", "", f"{identifier} is stored, and no payer sent it"
    for row in records.unmatched:
        yield "changed", "", f"{row.id} is kept as unmatched: {row.reason}"


def _balances(payments: Sequence[PaymentRow]) -> Mapping[str, int]:
    balances: dict[str, int] = defaultdict(int)
    for row in payments:
        balances[row.invoice_id] += row.amount if row.refund_of is None else -row.amount
    return balances


def _states(order: OrderRow, invoice: InvoiceRow, balance: int) -> Iterator[Complaint]:
    expected = "paid" if balance >= invoice.amount else "issued"
    if invoice.status not in (expected, "canceled"):
        yield "changed", order.order_id, f"{balance} of {invoice.amount} were paid, and the invoice is {invoice.status}"
    if invoice.status == "canceled" and order.status != "canceled":
        yield "changed", order.order_id, f"its invoice is canceled, and the order is {order.status}"
    if order.status == "canceled" and invoice.status != "canceled":
        yield "stalled", order.order_id, f"the order is canceled, and its invoice is {invoice.status}"
    if invoice.status == "paid" and order.status == "pending":
        yield "stalled", order.order_id, "its invoice is paid, and the order is pending"
    if invoice.status == "issued" and order.status == "paid":
        yield "stalled", order.order_id, "the order is paid, and its invoice is not"


def _cancellations(history: History, orders: Mapping[str, OrderRow]) -> Iterator[Complaint]:
    asked = {each.order_id for each in history.cancellations}
    paid = {told.webhook.order_id for told in history.told}
    for each in history.cancellations:
        row = orders.get(each.order_id)
        if each.status == 200 and (row is None or row.status != "canceled" or each.body["status"] != "canceled"):
            yield "lost", each.order_id, f"it was canceled, and the order is {row}: {each.shown()}"
        if each.status == 404:
            yield "lost", each.order_id, f"the order was accepted and is not found: {each.shown()}"
        if _is_paid(each) and each.order_id not in paid:
            yield "changed", each.order_id, f"it was never paid: {each.shown()}"
    for row in orders.values():
        if row.status == "canceled" and row.order_id not in asked:
            yield "changed", row.order_id, "it is canceled, and no client asked for it"


def _is_paid(cancellation: Cancellation) -> bool:
    return cancellation.status == 409 and str(cancellation.body.get("type", "")).endswith("order-paid")


def _credit_notes(records: Records) -> Iterator[Complaint]:
    noted = Counter(row.invoice_id for row in records.credit_notes)
    for invoice in records.invoices:
        if noted[invoice.invoice_id] != (invoice.status == "canceled"):
            what = f"{invoice} has {noted[invoice.invoice_id]} credit notes"
            yield "changed", invoice.order_id, what
    numbers = sorted(row.number for row in records.credit_notes)
    if numbers != list(range(1, len(numbers) + 1)):
        yield "lost", "", f"{len(numbers)} credit notes have the numbers {numbers[:1]} to {numbers[-1:]}"


def figures(history: History, records: Records) -> Iterator[tuple[str, object]]:
    """Yield the lines of the table."""
    recorded = {told.webhook.id for told in history.told if told.is_recorded}
    states = Counter(order.status for order in records.orders)
    yield "payments and refunds told as recorded", len(recorded)
    yield "  of these, stored", sum(row.id in recorded for row in records.payments)
    yield "webhooks sent", len(history.told)
    yield "  without an answer, or told to come again", sum(_is_to_repeat(told) for told in history.told)
    yield "orders paid", states["paid"]
    yield "orders canceled", states["canceled"]
    yield "credit notes of all runs", len(records.credit_notes)


def _is_to_repeat(told: Told) -> bool:
    return not told.is_accepted and (not told.status or told.status in _LATER)
