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
    """What is watched, by its name in metrics; `has_insights` tells whether the database reports its load."""

    producer: pulumi.Input[str]
    relay: pulumi.Input[str]
    consumer: pulumi.Input[str]
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
    return {**_audit(watched), **_requests(watched), **_broker(watched), **_database(watched)}


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
        "parked-messages": found("ParkedMessages", "Messages are parked and wait for a decision: make parked."),
        "outbox-age": found(
            "OutboxOldestAgeSeconds", "The broker is away, or refuses an event, for five minutes.", threshold=300
        ),
    }


def _requests(watched: Watched) -> dict[str, Alarm]:
    balancer = partial(Alarm, namespace="AWS/ApplicationELB", dimensions={"LoadBalancer": watched.balancer})
    consumer = partial(Alarm, namespace="AWS/Lambda", dimensions={"FunctionName": watched.consumer})
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
        "consumer-errors": consumer(
            metric="Errors",
            statistic="Sum",
            periods=2,
            meaning="Batches of messages fail for ten minutes: see the log of invoice_consumer.",
        ),
    }


def _broker(watched: Watched) -> dict[str, Alarm]:
    broker = partial(Alarm, namespace="AWS/AmazonMQ", dimensions={"Broker": watched.broker})
    return {
        # The relay delivers within a minute, so the outbox's age may never show it.
        "publish-failures": Alarm(
            namespace=NAMESPACE,
            metric="PublishFailures",
            dimensions={DIMENSION: watched.producer},
            statistic="Sum",
            threshold=10,
            periods=3,
            meaning="For fifteen minutes events were not confirmed in time and left to the relay.",
        ),
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
