"""The Lambda behind the event source mappings: a batch in, invoices and parked messages out, or the batch again.

There is no partial success with Amazon MQ: returning acks the batch, raising requeues all of it.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from aws.metrics import write_metrics
from invoice_consumer import spans
from invoice_consumer.bootstrap import UNAVAILABLE, dependencies
from invoice_consumer.consumer import Report
from invoice_consumer.outages import wait_out
from invoice_consumer.rabbitmq_event import deliveries

# What is left of the invocation when a database that says nothing is hung up on: enough to fail, and so to requeue.
HANG_UP_MARGIN_S = 5.0


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(context.aws_request_id)
    with deps.tracing.invocation("invoice_consumer", context=context, trigger="pubsub"):
        deps.database.finish_within(_remaining_s(context) - HANG_UP_MARGIN_S)
        batch = list(deliveries(event))
        with spans.process(deps.tracing, batch) as span:
            report = wait_out(
                batch,
                consumer=deps.consumer,
                unavailable=UNAVAILABLE,
                log=deps.logger,
                remaining_s=partial(_remaining_s, context),
            )
            span.set({f"invoices.{name}": count for name, count in asdict(report).items() if name != "messages"})
        log = deps.logger.warning if report.parked else deps.logger.info
        log("batch invoiced", extra=asdict(report))
        write_metrics(_metrics(report), service=context.function_name)
        return asdict(report)


def _remaining_s(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000


def _metrics(report: Report) -> dict[str, int]:
    return {
        "BatchSize": report.messages,
        "InvoicesIssued": report.issued,
        "DuplicatesIgnored": report.duplicates,
        "MessagesParked": report.parked,
    }
