"""The Lambda that operators invoke: messages, payments, customers and keys, an audit. Only IAM lets a caller in.

The broker and the database cannot be reached from outside the VPC, so this is where to look (`docs/operations.md`).
Every call is logged with its request id, under which CloudTrail knows the caller. What cannot be done raises: the
caller sees the error and its message. The schedule invokes it for the metrics.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from aws.metrics import write_metrics
from operations.bootstrap import dependencies
from operations.dispatch import perform
from operations.log_fields import described, outcome
from operations.refusals import REFUSALS
from operations.request import parse
from tracing import Span

# What is left of the invocation when a database that says nothing is hung up on: enough to fail and to say so.
HANG_UP_MARGIN_S = 5.0


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(context.aws_request_id)
    with deps.tracing.invocation("operations", context=context, trigger="other") as span:
        try:
            return _answer(event, context, span)
        except REFUSALS as error:
            deps.logger.warning("operation refused", extra={"reason": str(error)})
            raise
        except Exception:
            deps.logger.exception("operation failed")
            raise


def _answer(event: Any, context: Any, span: Span) -> dict[str, Any]:
    deps, request = dependencies(), parse(event)
    span.set({"operation": type(request).__name__})
    deps.database.finish_within(_remaining_s(context) - HANG_UP_MARGIN_S)
    answer = perform(
        request,
        connection=deps.database.connection(),
        remaining_s=lambda: _remaining_s(context),
        emit_metrics=partial(write_metrics, service=context.function_name),
        customers=deps.customers,
    )
    deps.logger.info("operation done", extra={"request": described(request), "outcome": outcome(answer)})
    return answer


def _remaining_s(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000
