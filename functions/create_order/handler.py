"""The Lambda behind `POST /orders`: parse, store and publish, answer.

A broker that is down or hangs costs the client at most the publish time-out and never the order (guarantee G4).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from aws.metrics import write_metrics
from contracts.http import answer_or_problem
from create_order.bootstrap import UNAVAILABLE, dependencies
from create_order.http_messages import created, parse
from create_order.orders import Accepted, create_order
from tracing import Span
from tracing.http import traced_request


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(event["requestContext"]["requestId"])
    answer = partial(_answer, event, context)
    return traced_request(event, context, route="/orders", tracing=deps.tracing, answer=answer)


def _answer(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    create, log = partial(_create, event, context, span), dependencies().logger
    answer = answer_or_problem(create, subject="order", log=log, unavailable=UNAVAILABLE)
    if 400 <= answer["statusCode"] < 500:
        write_metrics({"OrdersRejected": 1}, service=context.function_name)
    return answer


def _create(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    deps, command = dependencies(), parse(event)
    span.set({"customer.id": command.customer_id})
    accepted = create_order(
        command,
        repository=deps.repository,
        publisher=deps.publisher,
        traced=deps.tracing.created,
        publish_timeout_s=deps.settings.publish_timeout_ms / 1000,
        remaining_s=lambda: float(context.get_remaining_time_in_millis()) / 1000,
    )
    span.set({"order.id": str(accepted.order_id), "order.is_replay": accepted.is_replay})
    _record(accepted, context)
    return created(accepted)


def _record(accepted: Accepted, context: Any) -> None:
    log, order_id, failure = dependencies().logger, str(accepted.order_id), accepted.publish_failure
    if failure is not None:
        log.warning("event left to the relay", extra={"order_id": order_id, "reason": failure})
    figures = {"OrdersAccepted": 1, "PublishFailures": int(failure is not None)}
    write_metrics({"OrdersReplayed": 1} if accepted.is_replay else figures, service=context.function_name)
    log.info("order accepted", extra={"order_id": order_id, "is_replay": accepted.is_replay})
