"""The guarantees themselves, as `operations` audits them every five minutes (functions/operations/audit.py).

Messages and orders are watched where they are counted: RabbitMQ 4 on Amazon MQ gives no metrics per queue. The audit
fails when the database is away: that it ran is a metric of its own, and the findings keep the state they had.
"""

from components.alarms.model import Alarm, counted
from components.alarms.watched import Watched

FOUND = {
    "orders-without-invoice": ("OrdersWithoutInvoice", "Orders wait for their invoice for ten minutes."),
    "invoices-without-order": ("InvoicesWithoutOrder", "There are invoices for orders that do not exist."),
    "invoices-differing": ("InvoicesDifferingFromOrder", "Invoices differ from their orders."),
    "invoice-number-gaps": ("InvoiceNumberGaps", "Invoice numbers are missing."),
    "credit-note-number-gaps": ("CreditNoteNumberGaps", "Credit note numbers are missing."),
    "unmatched-payments": ("UnmatchedPayments", "Payments fit no invoice and wait: make unmatched."),
    "paid-invoices-without-paid-order": (
        "PaidInvoicesWithoutPaidOrder",
        "Invoices are paid, and their orders do not hear of it.",
    ),
    "paid-orders-without-paid-invoice": (
        "PaidOrdersWithoutPaidInvoice",
        "Orders are paid, and their invoices are not.",
    ),
    "canceled-orders-without-canceled-invoice": (
        "CanceledOrdersWithoutCanceledInvoice",
        "Orders are canceled, and their invoices do not hear of it.",
    ),
    "orders-beside-their-invoice": (
        "OrdersBesideTheirInvoice",
        "Orders have a status that no event of their invoice leads to.",
    ),
    "invoices-beside-their-payments": (
        "InvoicesBesideTheirPayments",
        "The status of invoices is not what their payments come to.",
    ),
    "canceled-invoices-without-credit-note": (
        "CanceledInvoicesWithoutCreditNote",
        "Invoices are canceled and have no credit note.",
    ),
    "parked-messages": ("ParkedMessages", "Messages are parked and wait for a decision: make parked."),
}
UNPUBLISHED_MAX_S = 120
OUTBOX_AGE_MAX_S = 300
BEHIND_MAX_S = 1800


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    """docs/operations.md says what to do about each."""

    def found(metric: str, meaning: str, *, threshold: float = 0) -> Alarm:
        return Alarm(
            metrics={"found": counted(watched.operations, metric, "Maximum")},
            meaning=meaning,
            threshold=threshold,
            # One run may fall into the time between two periods.
            periods=2,
            # A silent audit neither finds anything nor takes back what it found.
            missing="ignore",
        )

    return {
        **{name: found(metric, meaning) for name, (metric, meaning) in FOUND.items()},
        "outbox-age": found(
            "OutboxOldestAgeSeconds",
            "Events wait for the broker for five minutes: it is away, or refuses one.",
            threshold=OUTBOX_AGE_MAX_S,
        ),
        "customers-unpublished": found(
            "CustomersUnpublishedAgeSeconds",
            "Changes of customers or keys wait for S3 for two minutes: new keys are refused, revoked ones taken.",
            threshold=UNPUBLISHED_MAX_S,
        ),
        "audit-behind": Alarm(
            metrics={"seconds": counted(watched.operations, "AuditBehindSeconds", "Maximum")},
            threshold=BEHIND_MAX_S,
            periods=3,
            missing="ignore",
            meaning="The audit does not keep up: there are orders that it has not looked at for half an hour.",
        ),
        "audit-runs": Alarm(
            metrics={"runs": counted(watched.operations, "AuditRuns")},
            meaning="No audit came to its end for ten minutes.",
            threshold=1,
            is_above=False,
            periods=2,
            missing="breaching",
        ),
    }
