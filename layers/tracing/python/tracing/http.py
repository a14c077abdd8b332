"""The span of an HTTP request in Kong's event: https://opentelemetry.io/docs/specs/semconv/http/http-spans/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracing.protocol import Span

METHODS = frozenset(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"])


def http_request(event: Mapping[str, Any], *, route: str) -> tuple[str, dict[str, Any]]:
    """Name and attributes of the request; a method that HTTP does not know is not repeated."""
    method = event.get("httpMethod")
    is_known = isinstance(method, str) and method in METHODS
    attributes = {
        "http.request.method": method if is_known else "_OTHER",
        "http.route": route,
        "url.path": str(event.get("path", "")),
    }
    return f"{method if is_known else 'HTTP'} {route}", attributes


def http_response(span: Span, status: int) -> None:
    """What was answered; only what is the server's fault is an error of its span."""
    span.set({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
