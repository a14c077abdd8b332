"""What the functions count themselves, as the dashboard shows it beside the alarms.

Each writes its figures into its log in the embedded metric format, with one dimension: its own name, which holds the
stack's. A figure that is an alarm as well has its graph there (components/alarms) and none here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.alarms.model import DIMENSION, NAMESPACE
from components.alarms.watched import Watched


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Metrics of one function in one graph."""

    title: str
    function: pulumi.Input[str]
    metrics: Sequence[str]
    statistic: str = "Sum"

    def lines(self) -> list[list[pulumi.Input[str]]]:
        return [[NAMESPACE, metric, DIMENSION, self.function] for metric in self.metrics]


def figures_of(watched: Watched) -> list[Figure]:
    """Return the graphs, along an order's way."""
    return [
        Figure(
            title="Orders", function=watched.producer, metrics=["OrdersAccepted", "OrdersReplayed", "OrdersRejected"]
        ),
        Figure(title="Cancellations", function=watched.canceler, metrics=["OrdersCanceled", "PublishFailures"]),
        Figure(
            title="Payments",
            function=watched.recorder,
            metrics=["PaymentsRecorded", "PaymentsRepeated", "PaymentsUnmatched"],
        ),
        *(
            Figure(
                title=f"Relay of {side}: events that the broker did not take",
                function=relay,
                metrics=["PublishFailures"],
            )
            for side, relay in watched.relays.items()
        ),
        Figure(
            title="Invoices",
            function=watched.consumers["invoices"],
            metrics=["InvoicesCanceled", "DuplicatesIgnored", "MessagesParked"],
        ),
        Figure(
            title="Orders that hear of their invoices",
            function=watched.consumers["orders"],
            metrics=["OrdersUpdated", "MessagesParked"],
        ),
        *(
            Figure(
                title=f"Messages in a batch of {side}", function=consumer, metrics=["BatchSize"], statistic="Maximum"
            )
            for side, consumer in watched.consumers.items()
        ),
    ]
