"""The console's answers: JSON, problems (RFC 9457), and the headers that all of them carry."""

from __future__ import annotations

import http
import json
from typing import Any

from aiohttp import web

# The page loads nothing from elsewhere, no other page frames it, and what it shows is in no cache.
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ProblemError(Exception):
    """What the console refuses or cannot do; becomes an `application/problem+json`."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def json_answer(document: Any, status: int = 200) -> web.Response:
    body = json.dumps(document, separators=(",", ":"), default=str).encode()
    return web.Response(status=status, body=body, content_type="application/json")


def problem(status: int, detail: str) -> web.Response:
    document = {"type": "about:blank", "title": http.HTTPStatus(status).phrase, "status": status, "detail": detail}
    return web.Response(status=status, body=json.dumps(document).encode(), content_type="application/problem+json")
