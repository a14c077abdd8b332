"""Why the orders API refuses a request or cannot serve it, without a word of HTTP: `contracts.http` has the statuses.

OrdersError
├── UnauthenticatedError         the gateway named no customer
├── InvalidCustomerError         it named one that no order can have
├── MethodNotAllowedError        the path does not take this method
├── UnsupportedMediaTypeError    the body is announced as something else than JSON
├── NotJsonError                 the body is not JSON
├── InvalidOrderError            the body is JSON and breaks a rule
├── InvalidIdempotencyKeyError   the key has the wrong form
├── IdempotencyKeyReusedError    the key was used with another body
├── RequestInProgressError       the first request with the key is still running
├── OrderNotFoundError           no such order of this customer
├── InvoiceNotFoundError         no such invoice of this customer
├── OrderPaidError               a paid order cannot be canceled
├── InvalidQueryError            the query string breaks a rule
├── UnknownProviderError         no payment provider of this name
├── InvalidSignatureError        no valid signature on a webhook
├── InvalidWebhookError          a signed webhook that cannot be understood
├── WebhookTooLargeError         a webhook's body that is longer than any provider's
├── DatabaseUnavailableError     an outage: the same request may succeed a moment later
└── InternalError                anything else

A class's docstring is what its client reads unless the error is made with more to say; its `code` is the last part of
the problem's type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class OrdersError(Exception):
    """The request could not be completed."""

    code: ClassVar[str]

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.__doc__)


class UnauthenticatedError(OrdersError):
    """The gateway named no customer; it reads and passes on the first 100 headers of a request, its own included."""

    code = "unauthenticated"


class InvalidCustomerError(OrdersError):
    """The gateway named a customer whose id no order can have."""

    code = "invalid-customer"


class MethodNotAllowedError(OrdersError):
    """This method is not allowed here."""

    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"{method} is not allowed here; allowed: {self.allowed}.")


class UnsupportedMediaTypeError(OrdersError):
    """Send the order as application/json."""

    code = "unsupported-media-type"


class NotJsonError(OrdersError):
    """The body cannot be read as JSON."""

    code = "not-json"


class InvalidOrderError(OrdersError):
    """The body breaks a rule; see errors."""

    code = "invalid-order"

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        """`errors` has a JSON pointer (RFC 6901) and a message for each place."""
        super().__init__()
        self.errors = errors


class InvalidIdempotencyKeyError(OrdersError):
    """Idempotency-Key is one key of 1 to 255 printable ASCII characters: quoted, or bare and without `,` and `;`."""

    code = "invalid-idempotency-key"


class IdempotencyKeyReusedError(OrdersError):
    """This Idempotency-Key was used with another body."""

    code = "idempotency-key-reused"


class RequestInProgressError(OrdersError):
    """The first request with this Idempotency-Key is still running."""

    code = "request-in-progress"


class OrderNotFoundError(OrdersError):
    """There is no such order of yours."""

    code = "order-not-found"


class InvoiceNotFoundError(OrdersError):
    """There is no such invoice of yours."""

    code = "invoice-not-found"


class OrderPaidError(OrdersError):
    """The order is paid: it cannot be canceled any more."""

    code = "order-paid"


class InvalidQueryError(OrdersError):
    """The query breaks a rule."""

    code = "invalid-query"


class UnknownProviderError(OrdersError):
    """There is no payment provider of this name."""

    code = "unknown-provider"


class InvalidSignatureError(OrdersError):
    """The webhook has no valid signature, or was signed too long ago."""

    code = "invalid-signature"


class InvalidWebhookError(OrdersError):
    """The webhook's body cannot be understood."""

    code = "invalid-webhook"


class WebhookTooLargeError(OrdersError):
    """The webhook's body is too long."""

    code = "webhook-too-large"


class DatabaseUnavailableError(OrdersError):
    """Orders cannot be reached at the moment; try again with the same Idempotency-Key."""

    code = "database-unavailable"


class InternalError(OrdersError):
    """The request could not be completed."""

    code = "internal-error"
