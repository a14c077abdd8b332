"""The Lambda behind the event source mappings: a batch in, invoices and parked messages out, or the batch again.

There is no partial success with Amazon MQ: returning acks the batch, raising requeues all of it. While the database is
away the invocation waits for it instead of sending the batch round and round (requeueing is immediate).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import psycopg
from aws_lambda_powertools.logging import Logger

from aws_api import database_password
from aws_api.metrics import write_metrics
from aws_api.secrets_manager import SecretUnavailableError
from contracts import settings as environment
from invoice_consumer import spans
from invoice_consumer.consumer import Consumer, Report
from invoice_consumer.rabbitmq_event import Delivery, deliveries
from invoice_consumer.settings import Settings
from postgres import Database
from tracing import Tracing, configure, prepare

prepare(os.environ)

# What is left of the invocation when it stops trying: enough to roll back and answer.
DEADLINE_MARGIN_S = 10.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
# Nobody waits for a batch's answer, and the links of the largest are a megabyte of JSON.
EXPORT_TIMEOUT_S = 1.0

# An outage, a failover or a lock: the same statement may succeed a moment later.
TRANSIENT = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, SecretUnavailableError)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What lives as long as the execution environment."""

    database: Database
    consumer: Consumer
    tracing: Tracing
    logger: Logger


@cache
def dependencies() -> Dependencies:
    settings = environment.read(Settings, os.environ)
    logger = Logger(service="invoice_consumer", level=settings.log_level, utc=True)
    tracing = configure(
        settings.tracing,
        service="invoice_consumer",
        environ=os.environ,
        log=logger,
        export_timeout_s=EXPORT_TIMEOUT_S,
    )
    database = Database(
        settings.database,
        password=database_password(settings.database),
        observe=tracing.statements(settings.database),
    )
    consumer = Consumer(
        connection=database.connection,
        environment=uuid4(),
        due_days=settings.invoice_due_days,
        on_parked=lambda rejections: spans.park(tracing, rejections),
    )
    return Dependencies(database=database, consumer=consumer, tracing=tracing, logger=logger)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    needs = dependencies()
    needs.logger.set_correlation_id(context.aws_request_id)

    def remaining_s() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    with needs.tracing.invocation("invoice_consumer", context=context, trigger="pubsub"):
        batch = list(deliveries(event))
        with spans.process(needs.tracing, batch) as span:
            report = wait_out(batch, consumer=needs.consumer, logger=needs.logger, remaining_s=remaining_s)
            span.set({f"invoices.{name}": count for name, count in asdict(report).items() if name != "messages"})
        log = needs.logger.warning if report.parked else needs.logger.info
        log("batch invoiced", extra=asdict(report))
        write_metrics(_metrics(report), service=context.function_name)
        return asdict(report)


def _metrics(report: Report) -> dict[str, int]:
    return {
        "BatchSize": report.messages,
        "InvoicesIssued": report.issued,
        "DuplicatesIgnored": report.duplicates,
        "MessagesParked": report.parked,
    }


def wait_out(
    batch: list[Delivery],
    *,
    consumer: Consumer,
    logger: Logger,
    remaining_s: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Consume the batch, again and again while the database is away. Raises once the deadline is near."""
    pause_s = BACKOFF_FIRST_S
    while True:
        try:
            return consumer.consume(batch, is_deadline_near=lambda: remaining_s() < DEADLINE_MARGIN_S)
        except TRANSIENT as error:
            if remaining_s() < DEADLINE_MARGIN_S + pause_s:
                raise
            logger.warning("database unavailable, waiting", extra={"reason": str(error).strip(), "pause_s": pause_s})
        sleep(pause_s)
        pause_s = min(2 * pause_s, BACKOFF_MAX_S)
