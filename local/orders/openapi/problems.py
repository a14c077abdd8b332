"""An example of each problem that the functions answer; a test finds one here for every kind in their source."""

from contracts.http import Problem

NOT_JSON = Problem(
    400,
    "not-json",
    title="Not JSON",
    detail="The body cannot be read as JSON: EOF while parsing an object at line 1 column 1.",
)
INVALID_KEY = Problem(
    400,
    "invalid-idempotency-key",
    title="Invalid Idempotency-Key",
    detail="Idempotency-Key has 1 to 255 printable ASCII characters, quoted or bare.",
)
UNAUTHENTICATED = Problem(401, "unauthenticated", title="Unauthenticated", detail="The gateway named no customer.")
INVALID_CUSTOMER = Problem(
    401,
    "invalid-customer",
    title="Invalid customer",
    detail="The gateway named a customer whose id no order can have.",
)
NOT_FOUND = Problem(404, "order-not-found", title="Order not found", detail="There is no such order of yours.")
IN_PROGRESS = Problem(
    409,
    "request-in-progress",
    title="Request in progress",
    detail="The first request with this Idempotency-Key is still running.",
)
UNSUPPORTED_MEDIA_TYPE = Problem(
    415, "unsupported-media-type", title="Unsupported media type", detail="Send the order as application/json."
)
INVALID_ORDER = Problem(
    422,
    "invalid-order",
    title="Invalid order",
    detail="The body breaks a rule; see errors.",
    errors=[{"pointer": "/amount", "detail": "Input should be greater than or equal to 1"}],
)
KEY_REUSED = Problem(
    422,
    "idempotency-key-reused",
    title="Idempotency-Key reused",
    detail="This Idempotency-Key was used with another body.",
)
