"""Which metrics are watched, and when each is an alarm.

Messages and orders are watched where they are counted: RabbitMQ 4 on Amazon MQ gives no metrics per queue, so parked
messages, the outbox's age and orders without invoice come from the audit that `operations` runs every five minutes
(functions/operations/audit.py). That audit fails when the database is away, so its missing data is an alarm as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pulumi

# Namespace and dimension of the functions' own metrics; the dimension's value is the function's name.
NAMESPACE = "ServerlessOrders"
DIMENSION = "service"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is watched, by its name in metrics; `has_insights` tells whether the database reports its load.

    The functions are those behind the gateway that publish, and of each side its relay and its consumer.
    """

    producer: pulumi.Input[str]
    canceler: pulumi.Input[str]
    recorder: pulumi.Input[str]
    relays: Mapping[str, pulumi.Input[str]]
    consumers: Mapping[str, pulumi.Input[str]]
    operations: pulumi.Input[str]
    balancer: pulumi.Input[str]
    broker: pulumi.Input[str]
    database: pulumi.Input[str]
    database_proxy: pulumi.Input[str]
    has_insights: bool


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One metric above (or below) a threshold for so many periods of five minutes, one after the other."""

    metric: str
    namespace: str
    dimensions: Mapping[str, pulumi.Input[str]]
    meaning: str
    threshold: float = 0
    is_above: bool = True
    statistic: str = "Maximum"
    periods: int = 1
    missing: str = "notBreaching"
    # A metric to divide `metric` by, for a ratio between 0 and 1.
    part_of: str | None = None


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    """Return every alarm by its name, which the stack's prefix precedes in AWS."""
    return {
        **_audit(watched),
        **_requests(watched),
        **_functions(watched),
        **_publishing(watched),
        **_broker(watched),
        **_database(watched),
    }


def _audit(watched: Watched) -> dict[str, Alarm]:
    """The guarantees themselves; docs/operations.md says what to do about each."""

    def found(metric: str, meaning: str, *, threshold: float = 0, periods: int = 1) -> Alarm:
        return Alarm(
            namespace=NAMESPACE,
            metric=metric,
            dimensions={DIMENSION: watched.operations},
            meaning=meaning,
            threshold=threshold,
            # One run may fall into the time between two periods.
            periods=max(periods, 2),
            missing="breaching",
        )

    return {
        "orders-without-invoice": found("OrdersWithoutInvoice", "Orders wait for their invoice for ten minutes."),
        "invoices-without-order": found("InvoicesWithoutOrder", "There are invoices for orders that do not exist."),
        "invoices-differing": found("InvoicesDifferingFromOrder", "Invoices differ from their orders."),
        "invoice-number-gaps": found("InvoiceNumberGaps", "Invoice numbers are missing."),
        "credit-note-number-gaps": found("CreditNoteNumberGaps", "Credit note numbers are missing."),
        "unmatched-payments": found("UnmatchedPayments", "Payments fit no invoice and wait: make unmatched."),
        "paid-invoices-without-paid-order": found(
            "PaidInvoicesWithoutPaidOrder", "Invoices are paid, and their orders do not hear of it."
        ),
        "paid-orders-without-paid-invoice": found(
            "PaidOrdersWithoutPaidInvoice", "Orders are paid, and their invoices are not."
        ),
        "canceled-orders-without-canceled-invoice": found(
            "CanceledOrdersWithoutCanceledInvoice", "Orders are canceled, and their invoices do not hear of it."
        ),
        "invoices-beside-their-payments": found(
            "InvoicesBesideTheirPayments", "The status of invoices is not what their payments come to."
        ),
        "parked-messages": found("ParkedMessages", "Messages are parked and wait for a decision: make parked."),
        "outbox-age": found(
            "OutboxOldestAgeSeconds", "The broker is away, or refuses an event, for five minutes.", threshold=300
        ),
    }


def _requests(watched: Watched) -> dict[str, Alarm]:
    balancer = partial(Alarm, namespace="AWS/ApplicationELB", dimensions={"LoadBalancer": watched.balancer})
    return {
        "gateway-5xx": balancer(
            metric="HTTPCode_Target_5XX_Count",
            statistic="Sum",
            threshold=5,
            meaning="Kong answers 5xx: a function fails or is throttled, or the database is away.",
        ),
        "balancer-5xx": balancer(
            metric="HTTPCode_ELB_5XX_Count",
            statistic="Sum",
            threshold=5,
            meaning="The load balancer answers 5xx: no Kong is healthy.",
        ),
    }


def _functions(watched: Watched) -> dict[str, Alarm]:
    """What no client waits for, and would miss."""

    def fails(function: pulumi.Input[str], meaning: str) -> Alarm:
        return Alarm(
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": function},
            statistic="Sum",
            periods=2,
            meaning=meaning,
        )

    batches, runs = "Batches of messages fail", "Runs of the relay fail"
    return {
        "consumer-errors": fails(
            watched.consumers["invoices"], f"{batches} for ten minutes: see the log of invoice_consumer."
        ),
        "updater-errors": fails(
            watched.consumers["orders"], f"{batches} for ten minutes: see the log of order_updater."
        ),
        "orders-relay-errors": fails(watched.relays["orders"], f"{runs} for ten minutes: see the log of outbox_relay."),
        "invoices-relay-errors": fails(
            watched.relays["invoices"], f"{runs} for ten minutes: see the log of invoices_relay."
        ),
    }


def _publishing(watched: Watched) -> dict[str, Alarm]:
    """The relay delivers within a minute, so the outbox's age may never show that publishing fails."""

    def left_to_relay(function: pulumi.Input[str], events: str) -> Alarm:
        return Alarm(
            namespace=NAMESPACE,
            metric="PublishFailures",
            dimensions={DIMENSION: function},
            statistic="Sum",
            threshold=10,
            periods=3,
            meaning=f"For fifteen minutes events of {events} were not confirmed in time and left to the relay.",
        )

    return {
        "publish-failures": left_to_relay(watched.producer, "new orders"),
        "payment-publish-failures": left_to_relay(watched.recorder, "payments"),
    }


def _broker(watched: Watched) -> dict[str, Alarm]:
    broker = partial(Alarm, namespace="AWS/AmazonMQ", dimensions={"Broker": watched.broker})
    return {
        "queue-depth": broker(
            metric="MessageReadyCount",
            statistic="Minimum",
            threshold=10_000,
            periods=3,
            meaning="More than a batch waits for fifteen minutes: the consumer is too slow, or its mapping stopped.",
        ),
        "broker-memory": broker(
            metric="RabbitMQMemUsed",
            part_of="RabbitMQMemLimit",
            threshold=0.8,
            meaning="At its memory limit RabbitMQ blocks publishers; the outbox takes over.",
        ),
        "broker-disk": broker(
            metric="RabbitMQDiskFreeLimit",
            part_of="RabbitMQDiskFree",
            threshold=0.5,
            meaning="At its disk limit RabbitMQ blocks publishers; the outbox takes over.",
        ),
    }


def _database(watched: Watched) -> dict[str, Alarm]:
    instance = partial(Alarm, namespace="AWS/RDS", dimensions={"DBInstanceIdentifier": watched.database})
    load = instance(
        metric="DBLoadRelativeToNumVCPUs" if watched.has_insights else "CPUUtilization",
        statistic="Average",
        threshold=1 if watched.has_insights else 80,
        periods=3,
        meaning="The database has more to do than it has processors for.",
    )
    return {
        "database-load": load,
        "database-storage": instance(
            metric="FreeStorageSpace",
            statistic="Minimum",
            threshold=5 * 2**30,
            is_above=False,
            meaning="Less than 5 GiB are free; storage grows by itself up to its maximum.",
        ),
        "proxy-pinning": Alarm(
            namespace="AWS/RDS",
            dimensions={"ProxyName": watched.database_proxy},
            metric="DatabaseConnectionsCurrentlySessionPinned",
            statistic="Minimum",
            periods=3,
            meaning="A client pins its connection (SET, prepared statements): the proxy cannot share it.",
        ),
    }
