"""The Lambda behind this side's event source mappings: a batch in, invoices, credit notes and parked messages out."""

from __future__ import annotations

from typing import Any

from aws.metrics import write_metrics
from deliveries.consumer import Report
from deliveries.invocation import work_off
from invoice_consumer.bootstrap import UNAVAILABLE, dependencies


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    report = work_off(
        event, context, name="invoice_consumer", done="batch invoiced", deps=deps, unavailable=UNAVAILABLE
    )
    write_metrics(_metrics(report), service=context.function_name)
    return dict(report)


def _metrics(report: Report) -> dict[str, int]:
    return {
        "BatchSize": report["messages"],
        "InvoicesIssued": report["issued"],
        "InvoicesLate": report["late"],
        "InvoicesCanceled": report["canceled"],
        "DuplicatesIgnored": report["duplicates"],
        "MessagesParked": report["parked"],
    }
