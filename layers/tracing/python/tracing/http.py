"""The span of an HTTP request in Kong's event: https://opentelemetry.io/docs/specs/semconv/http/http-spans/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tracing.protocol import Span, Tracing

METHODS = frozenset(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"])


def traced_request(
    event: Mapping[str, Any], context: Any, *, route: str, tracing: Tracing, answer: Callable[[Span], dict[str, Any]]
) -> dict[str, Any]:
    """Return the proxy response that `answer` gives inside the invocation's span, which gets its status."""
    name, attributes = describe_request(event, route=route)
    headers = event.get("headers")
    with tracing.invocation(name, context=context, trigger="http", headers=headers, attributes=attributes) as span:
        answered = answer(span)
        record_status(span, answered["statusCode"])
        return answered


def describe_request(event: Mapping[str, Any], *, route: str) -> tuple[str, dict[str, Any]]:
    """Name and attributes of the request; a method that HTTP does not know is not repeated."""
    method = event.get("httpMethod")
    is_known = isinstance(method, str) and method in METHODS
    attributes = {
        "http.request.method": method if is_known else "_OTHER",
        "http.route": route,
        "url.path": str(event.get("path", "")),
    }
    return f"{method if is_known else 'HTTP'} {route}", attributes


def record_status(span: Span, status: int) -> None:
    """What was answered; only what is the server's fault is an error of its span."""
    span.set({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
