"""HTTP as the functions speak it to Kong: who the customer is, proxy responses, errors as RFC 9457 problem details.

Kong's aws-lambda plugin merges a function's headers with those of the Invoke call, so a header that both may carry has
to be spelt as Invoke spells it: `Content-Type`, never `content-type` (recorded with Kong 3.9.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.fields import is_customer_id

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the field's own word
    """An answer other than success. `kind` names the problem's type; `errors` points into an invalid body."""

    def __init__(
        self,
        status: int,
        kind: str,
        *,
        title: str,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {kind}: {detail}")
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def to_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"urn:serverless-orders:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return {**body, "errors": [dict(error) for error in self.errors]} if self.errors else body

    def to_response(self) -> dict[str, Any]:
        return response(self.status, self.to_body(), content_type=PROBLEM_JSON, headers=self.headers)


def authenticated_customer(headers: Mapping[str, str]) -> str:
    """The `custom_id` of the consumer that Kong authenticated; Kong replaces whatever a client sends under that name.

    Raises Problem 401 when there is none, or one with which an order's event would break its own contract.
    """
    customer_id = headers.get("x-consumer-custom-id")
    if not customer_id:
        raise Problem(401, "unauthenticated", title="Unauthenticated", detail="The gateway named no customer.")
    if not is_customer_id(customer_id):
        detail = "The gateway named a customer whose id no order can have."
        raise Problem(401, "invalid-customer", title="Invalid customer", detail=detail)
    return customer_id


def response(
    status: int, body: Mapping[str, Any] | str, *, content_type: str = JSON, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A proxy response; `body` is a document, or JSON text that is sent as it is."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **(headers or {})},
        "body": body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def method_not_allowed(method: str, allowed: str) -> Problem:
    return Problem(
        405,
        "method-not-allowed",
        title="Method not allowed",
        detail=f"{method} is not allowed here; allowed: {allowed}.",
        headers={"Allow": allowed},
    )


def internal_error() -> Problem:
    return Problem(500, "internal-error", title="Internal error", detail="The request could not be completed.")


def database_unavailable() -> Problem:
    return Problem(
        503,
        "database-unavailable",
        title="Temporarily unavailable",
        detail="Orders cannot be reached at the moment; try again with the same Idempotency-Key.",
        headers={"Retry-After": "2"},
    )
