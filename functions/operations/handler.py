"""The Lambda that operators invoke: parked messages, the outbox, an audit. Only IAM lets a caller in.

The broker and the database cannot be reached from outside the VPC, so this is where to look (`docs/operations.md`).
Every call is logged with its request id, under which CloudTrail knows the caller. What cannot be done raises: the
caller sees the error and its message. The schedule invokes it for the metrics.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from aws.metrics import write_metrics
from operations.bootstrap import dependencies
from operations.dispatch import perform
from operations.parked_messages import UnknownMessageError
from operations.request import InvalidRequestError, Request, parse
from tracing import Span


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    deps = dependencies()
    deps.logger.set_correlation_id(context.aws_request_id)
    with deps.tracing.invocation("operations", context=context, trigger="other") as span:
        try:
            return _answer(event, context, span)
        except (InvalidRequestError, UnknownMessageError) as error:
            deps.logger.warning("operation refused", extra={"reason": str(error)})
            raise
        except Exception:
            deps.logger.exception("operation failed")
            raise


def _answer(event: Any, context: Any, span: Span) -> dict[str, Any]:
    deps, request = dependencies(), parse(event)
    span.set({"operation": type(request).__name__})
    answer = perform(
        request,
        connection=deps.database.connection(),
        remaining_s=lambda: float(context.get_remaining_time_in_millis()) / 1000,
        emit_metrics=partial(write_metrics, service=context.function_name),
    )
    deps.logger.info("operation done", extra={"request": _described(request), "outcome": _outcome(answer)})
    return answer


def _described(request: Request) -> dict[str, Any]:
    given = {name: value if value is None else str(value) for name, value in asdict(request).items()}
    return {"operation": type(request).__name__, **given}


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The figures of an answer, without a customer's orders or messages."""
    figures = {name: value["count"] for name, value in answer.items() if isinstance(value, dict) and "count" in value}
    return figures | {name: value for name, value in answer.items() if isinstance(value, int)}
