"""The answers that several calls have in common: problems of the functions, rejections of the gateway."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from contracts import http
from orders.openapi.models import Problem, Rejection
from orders.openapi.problems import problem_examples
from orders.openapi.schemas import ref

RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
CHALLENGE: dict[str, Any] = {
    "WWW-Authenticate": {"description": "`Key`, when the gateway refuses the key.", "schema": {"type": "string"}}
}
NOT_UTF8 = "Path, query and headers must be UTF-8"
REQUEST_ID = "1b675f1010be7b551737134cc5079a32"


def answer(description: str, content: dict[str, Any], *, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """A response object."""
    found = {"description": description, "headers": headers or {}, "content": content}
    return {name: value for name, value in found.items() if value}


def json_content(body: type[BaseModel], **examples: Any) -> dict[str, Any]:
    """A body of this model as `application/json`."""
    named = {name: {"value": value} for name, value in examples.items()}
    return {http.JSON: {"schema": ref(body), "examples": named}}


def problem_content(*codes: str) -> dict[str, Any]:
    """A problem as the functions send it, with these as examples."""
    return {http.PROBLEM_JSON: {"schema": ref(Problem), "examples": problem_examples(*codes)}}


def rejection_content(message: str) -> dict[str, Any]:
    """Kong's own words; it renders them as text, HTML or XML for a client that asks for that."""
    return json_content(Rejection, gateway={"message": message, "request_id": REQUEST_ID})


def _bad_gateway() -> dict[str, Any]:
    reason = "invalid statusCode in Lambda response"
    return json_content(Rejection, gateway={"message": "Bad Gateway", "error": reason})


def not_utf8() -> dict[str, Any]:
    return answer("Path, query or headers are not UTF-8.", rejection_content(NOT_UTF8))


def unauthenticated() -> dict[str, Any]:
    content = {
        **rejection_content("No API key found in request"),
        **problem_content("unauthenticated", "invalid-customer"),
    }
    return answer("No API key, or an unknown one.", content, headers=CHALLENGE)


def too_many_requests() -> dict[str, Any]:
    """A customer's or an open route's limit is Kong's; that of an address is nginx's, with a page of its own."""
    content = {**rejection_content("API rate limit exceeded"), "text/html": {"schema": {"type": "string"}}}
    headers = {"Retry-After": {**RETRY_AFTER["Retry-After"], "required": False}}
    return answer("Too many requests; as a page without `Retry-After`: from one address.", content, headers=headers)


def failures() -> dict[str, Any]:
    """What every call answers when something is broken."""
    broken = {**problem_content("internal-error"), **rejection_content("An unexpected error occurred")}
    return {
        "500": answer("A failure of ours; the gateway's own form when it cannot reach the function.", broken),
        "502": answer("The function answered something that is no response.", _bad_gateway()),
        "503": answer(
            "Orders cannot be reached; try again with the same Idempotency-Key.",
            problem_content("database-unavailable"),
            headers=RETRY_AFTER,
        ),
    }
