"""HTTP as the functions speak it to Kong: who the customer is, proxy responses, errors as RFC 9457 problem details.

Kong's aws-lambda plugin merges a function's headers with those of the Invoke call, so a header that both may carry has
to be spelt as Invoke spells it: `Content-Type`, never `content-type` (recorded with Kong 3.9.3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from contracts.errors import (
    DatabaseUnavailableError,
    InternalError,
    InvalidCustomerError,
    InvalidOrderError,
    MethodNotAllowedError,
    OrdersError,
    UnauthenticatedError,
)
from contracts.fields import is_customer_id

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
UNAUTHENTICATED = 401

Response = dict[str, Any]


class ProblemType(NamedTuple):
    """What HTTP makes of an error's code; its URI ends with the code."""

    status: int
    title: str
    headers: Mapping[str, str] = {}


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "not-json": ProblemType(400, "Not JSON"),
    "invalid-idempotency-key": ProblemType(400, "Invalid Idempotency-Key"),
    "unauthenticated": ProblemType(UNAUTHENTICATED, "Unauthenticated"),
    "invalid-customer": ProblemType(UNAUTHENTICATED, "Invalid customer"),
    "invalid-query": ProblemType(400, "Invalid query"),
    "invalid-webhook": ProblemType(400, "Invalid webhook"),
    "invalid-signature": ProblemType(UNAUTHENTICATED, "Invalid signature"),
    "order-not-found": ProblemType(404, "Order not found"),
    "invoice-not-found": ProblemType(404, "Invoice not found"),
    "unknown-provider": ProblemType(404, "Unknown provider"),
    "method-not-allowed": ProblemType(405, "Method not allowed"),
    "request-in-progress": ProblemType(409, "Request in progress", {"Retry-After": "1"}),
    "order-paid": ProblemType(409, "Order paid"),
    "webhook-too-large": ProblemType(413, "Webhook too large"),
    "unsupported-media-type": ProblemType(415, "Unsupported media type"),
    "invalid-order": ProblemType(422, "Invalid order"),
    "idempotency-key-reused": ProblemType(422, "Idempotency-Key reused"),
    "internal-error": ProblemType(500, "Internal error"),
    "database-unavailable": ProblemType(503, "Temporarily unavailable", {"Retry-After": "2"}),
}


class Log(Protocol):
    """What of a Powertools Logger is used."""

    def info(self, msg: object, *, extra: Mapping[str, object]) -> None: ...
    def warning(self, msg: object, *, extra: Mapping[str, object]) -> None: ...
    def error(self, msg: object, *, extra: Mapping[str, object]) -> None: ...
    def exception(self, msg: object) -> None: ...


def answer_or_problem(
    answer: Callable[[], Response], *, subject: str, log: Log, unavailable: tuple[type[Exception], ...]
) -> Response:
    """Return the answer, or the problem of the error that it raises; `unavailable` are an outage of the database.

    Refusals and failures are logged as the `subject`'s: `order refused`, `order failed`.
    """
    try:
        return answer()
    except OrdersError as error:
        status = PROBLEM_TYPES[error.code].status
        # Kong lets no request in without a customer: this is for the operator to know, not for the client.
        write = log.warning if status == UNAUTHENTICATED else log.info
        write(f"{subject} refused", extra={"status": status, "problem": error.code})
        return problem_response(error)
    except unavailable as error:
        log.error("database unavailable", extra={"reason": str(error).strip()})
        return problem_response(DatabaseUnavailableError())
    except Exception:
        log.exception(f"{subject} failed")
        return problem_response(InternalError())


def problem_response(error: OrdersError) -> Response:
    """The proxy response for an error."""
    type_ = PROBLEM_TYPES[error.code]
    headers = {"Allow": error.allowed} if isinstance(error, MethodNotAllowedError) else type_.headers
    return response(type_.status, problem(error), content_type=PROBLEM_JSON, headers=headers)


def problem(error: OrdersError) -> dict[str, Any]:
    """The problem details (RFC 9457) of an error; those of an invalid body say where it is wrong."""
    type_ = PROBLEM_TYPES[error.code]
    body: dict[str, Any] = {
        "type": f"urn:serverless-orders:problem:{error.code}",
        "title": type_.title,
        "status": type_.status,
        "detail": str(error),
    }
    return {**body, "errors": list(error.errors)} if isinstance(error, InvalidOrderError) else body


def authenticated_customer(headers: Mapping[str, str]) -> str:
    """The `custom_id` of the consumer that Kong authenticated; Kong replaces what a client sends under that name.

    Raises UnauthenticatedError when there is none, InvalidCustomerError for one with which an order's event would break
    its own contract.
    """
    customer_id = headers.get("x-consumer-custom-id")
    if not customer_id:
        raise UnauthenticatedError
    if not is_customer_id(customer_id):
        raise InvalidCustomerError
    return customer_id


def response(
    status: int, body: Mapping[str, Any] | str, *, content_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """A proxy response; `body` is a document, or JSON text that is sent as it is."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **(headers or {})},
        "body": body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }
