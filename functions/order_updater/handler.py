"""The Lambda behind this side's event source mappings: a batch of invoices' events in, orders' states out."""

from __future__ import annotations

from typing import Any

from aws.metrics import write_metrics
from deliveries.invocation import work_off
from order_updater.bootstrap import UNAVAILABLE, dependencies


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    report = work_off(event, context, name="order_updater", done="orders updated", deps=deps, unavailable=UNAVAILABLE)
    figures = {"BatchSize": report["messages"], "OrdersUpdated": report["updated"], "MessagesParked": report["parked"]}
    write_metrics(figures, service=context.function_name)
    return dict(report)
