"""The bodies of Kong's own errors, in the type that the client accepts.

Two kinds, as recorded: what Kong itself says follows `Accept` and carries the request's id; what a plugin answers with
a body of its own is compact JSON, and `Accept` is ignored.
"""

from __future__ import annotations

import json
import re
from html import escape

from localregion.kong.request.exchange import Exchange, Response

UNEXPECTED = "An unexpected error occurred"
NO_ROUTE = "no Route matched with those values"

JSON = "application/json"
PLAIN = "text/plain"

_TEMPLATES = {
    JSON: '{{\n  "message":"{message}",\n  "request_id":"{request_id}"\n}}',
    PLAIN: "{message}\nrequest_id: {request_id}\n",
    "text/html": (
        '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n'
        "  <body>\n    <h1>Error</h1>\n    <p>{message}.</p>\n    <p>request_id: {request_id}</p>\n  </body>\n</html>\n"
    ),
    "application/xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>{message}</message>\n'
        "  <requestid>{request_id}</requestid>\n</error>\n"
    ),
}
_ACCEPTED = {"*/*": JSON} | {mime_type: mime_type for mime_type in _TEMPLATES}
_ACCEPT_ENTRY = re.compile(r"\s*([\w*.+-]+/[\w*.+-]+)\s*(?:;\s*q\s*=\s*([0-9.]+))?")


def error_response(
    exchange: Exchange, status: int, message: str, *, headers: tuple[tuple[str, str], ...] = (), default: str = JSON
) -> Response:
    """Answer with a message of Kong's own."""
    accept = exchange.header("accept")
    return rendered(status, message, exchange.request_id, mime_type=_preferred(accept, default), headers=headers)


def rendered(
    status: int, message: str, request_id: str, *, mime_type: str, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    text = escape(message) if mime_type == "text/html" else message
    body = _TEMPLATES[mime_type].format(message=text, request_id=request_id).encode()
    return Response(status, [("Content-Type", f"{mime_type}; charset=utf-8"), *headers], body)


def plugin_response(status: int, body: dict[str, str]) -> Response:
    """Answer with a plugin's own body."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(status, [("Content-Type", f"{JSON}; charset=utf-8")], text.encode())


def too_many_requests() -> Response:
    """Answer for nginx, which limits an address before Kong has a say: its own page (as of an nginx without Kong)."""
    page = (
        "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n"
        "<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(429, [("Content-Type", "text/html")], page.encode())


def _preferred(accept: str | None, default: str) -> str:
    """Return the best type that Kong can render; the first of equal ones."""
    if not accept:
        return default
    best, chosen = 0.0, JSON
    for entry in accept.split(","):
        found = _ACCEPT_ENTRY.match(entry)
        mime_type = _ACCEPTED.get(found[1].lower()) if found else None
        if found is None or mime_type is None:
            continue
        quality = _quality(found[2])
        if quality > best:
            best, chosen = quality, mime_type
    return chosen


def _quality(text: str | None) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
