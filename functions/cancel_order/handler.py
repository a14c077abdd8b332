"""The Lambda behind `POST /orders/{orderId}/cancel`: parse, store and publish, answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws.metrics import write_metrics
from cancel_order.bootstrap import UNAVAILABLE, dependencies
from cancel_order.cancellations import Canceled, cancel_order
from cancel_order.http_messages import answered, parse
from contracts.http import answer_or_problem
from tracing import Span
from tracing.http import traced_request

ROUTE = "/orders/{orderId}/cancel"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(event["requestContext"]["requestId"])
    answer = partial(_answer, event, context)
    return traced_request(event, context, route=ROUTE, tracing=deps.tracing, answer=answer)


def _answer(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    cancel, log = partial(_cancel, event, context, span), dependencies().logger
    return answer_or_problem(cancel, subject="cancellation", log=log, unavailable=UNAVAILABLE)


def _cancel(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    deps, command = dependencies(), parse(event)
    order_id = str(command.order_id)
    span.set({"customer.id": command.customer_id, "order.id": order_id})
    canceled = cancel_order(
        command,
        repository=deps.repository,
        publisher=deps.publisher,
        traced=deps.tracing.created,
        publish_timeout_s=deps.settings.publish_timeout_ms / 1000,
        remaining_s=lambda: float(context.get_remaining_time_in_millis()) / 1000,
    )
    span.set({"order.is_replay": canceled.is_replay})
    _record(canceled, order_id, context)
    return answered(canceled)


def _record(canceled: Canceled, order_id: str, context: Any) -> None:
    log, failure = dependencies().logger, canceled.publish_failure
    if failure is not None:
        log.warning("event left to the relay", extra={"order_id": order_id, "reason": failure})
    figures = {"OrdersCanceled": int(canceled.is_new), "PublishFailures": int(failure is not None)}
    write_metrics({"OrdersReplayed": 1} if canceled.is_replay else figures, service=context.function_name)
    log.info("order canceled", extra={"order_id": order_id, "is_replay": canceled.is_replay})
