"""The Lambda behind `POST /webhooks/payments`: verify, record and publish, answer."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from aws.metrics import write_metrics
from contracts.http import answer_or_problem
from payments.recording import Outcome
from record_payment.bootstrap import UNAVAILABLE, dependencies
from record_payment.payments import record_payment
from record_payment.webhooks import answered, parse
from tracing import Span
from tracing.http import traced_request

ROUTE = "/webhooks/payments/{provider}"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(event["requestContext"]["requestId"])
    answer = partial(_answer, event, context)
    return traced_request(event, context, route=ROUTE, tracing=deps.tracing, answer=answer)


def _answer(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    record, log = partial(_record, event, context, span), dependencies().logger
    return answer_or_problem(record, subject="webhook", log=log, unavailable=UNAVAILABLE)


def _record(event: dict[str, Any], context: Any, span: Span) -> dict[str, Any]:
    deps = dependencies()
    notice = parse(event, providers=deps.providers, now_s=time.time)
    if notice is None:
        return answered(None)
    span.set({"payment.provider": notice.provider, "payment.id": notice.payment_id})
    outcome, failure = record_payment(
        notice,
        repository=deps.repository,
        publisher=deps.publisher,
        traced=deps.tracing.created_below,
        publish_timeout_s=deps.settings.publish_timeout_ms / 1000,
        remaining_s=lambda: float(context.get_remaining_time_in_millis()) / 1000,
    )
    _note(outcome, failure, context)
    return answered(outcome)


def _note(outcome: Outcome, failure: str | None, context: Any) -> None:
    log, invoice = dependencies().logger, outcome.invoice
    said = {"outcome": outcome.status, "reason": outcome.reason, "left_to_relay": failure}
    order = {} if invoice is None else {"order_id": str(invoice.order_id), "invoice_number": invoice.number}
    write = log.warning if outcome.status == "unmatched" or failure else log.info
    write("payment told", extra={**order, **{name: value for name, value in said.items() if value}})
    name = {"recorded": "PaymentsRecorded", "already recorded": "PaymentsRepeated", "unmatched": "PaymentsUnmatched"}
    write_metrics({name[outcome.status]: 1, "PublishFailures": int(failure is not None)}, service=context.function_name)
