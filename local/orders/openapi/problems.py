"""An example of each problem that the functions answer, by its code: from the errors and the table that make them.

A test finds one here for every code of `contracts.http.PROBLEM_TYPES`.
"""

from __future__ import annotations

from typing import Any

from contracts import errors
from contracts.http import problem

EXAMPLES = (
    errors.NotJsonError("The body cannot be read as JSON: EOF while parsing an object at line 1 column 1."),
    errors.InvalidIdempotencyKeyError(),
    errors.UnauthenticatedError(),
    errors.InvalidCustomerError(),
    errors.OrderNotFoundError(),
    errors.InvoiceNotFoundError(),
    errors.OrderPaidError(),
    errors.InvalidQueryError("limit is a number from 1 to 100."),
    errors.UnknownProviderError(),
    errors.InvalidSignatureError(),
    errors.InvalidWebhookError(),
    errors.WebhookTooLargeError(),
    errors.RequestInProgressError(),
    errors.UnsupportedMediaTypeError(),
    errors.InvalidOrderError([{"pointer": "/amount", "detail": "Input should be greater than or equal to 1"}]),
    errors.IdempotencyKeyReusedError(),
    errors.InternalError(),
    errors.DatabaseUnavailableError(),
)


def problem_examples(*codes: str) -> dict[str, Any]:
    """Examples of a media type: these problems, each under its code."""
    bodies = {error.code: problem(error) for error in EXAMPLES}
    return {code: {"value": bodies[code]} for code in codes}
