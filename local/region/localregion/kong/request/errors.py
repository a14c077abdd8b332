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

# Of what nginx refuses, what Kong's `error_page` leaves to it.
_PAGES_OF_NGINX = frozenset({501, 505})

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
# As `kong.tools.http` has them; any other type is JSON, also in front of a known one.
_GRPC = "application/grpc"
_ACCEPTED = {"text/*": PLAIN, _GRPC: _GRPC} | {mime_type: mime_type for mime_type in _TEMPLATES}
_TYPE = r"(?:[a-z0-9][a-z0-9\-!#$&^_+.]+|\*)"
_ACCEPT_ENTRY = re.compile(
    rf"({_TYPE}/{_TYPE})(?:\s*;\s*q=(1(?:\.0{{0,3}}|)|0(?:\.\d{{0,3}}|))|\s*;\s*[a-z0-9][a-z0-9\-!#$&^_+.]+(?:=[^;]*|))*",
    re.IGNORECASE,
)


def error_response(
    exchange: Exchange, status: int, message: str, *, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Answer with a message of Kong's own."""
    mime_type = _preferred(exchange.header_values("accept"))
    if mime_type == _GRPC:
        # For parity: Kong's template for gRPC is empty, and so is the type.
        return Response(status, list(headers), b"")
    return rendered(status, message, exchange.request_id, mime_type=mime_type, headers=headers)


def nginx_error(exchange: Exchange, status: int, message: str) -> Response:
    """Answer with Kong's words for a request that nginx refuses; the connection ends."""
    wanted = exchange.header("accept") or exchange.header("content-type")
    if status in _PAGES_OF_NGINX:
        response = nginx_page(status, message)
    elif wanted is not None and wanted.startswith(_GRPC):
        response = plugin_response(status, {"message": message})
    else:
        mime_type = _preferred([wanted]) if wanted else PLAIN
        response = rendered(status, message, exchange.request_id, mime_type=JSON if mime_type == _GRPC else mime_type)
    response.closes = True
    return response


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


def nginx_page(status: int, reason: str) -> Response:
    """Answer for nginx where Kong has no say: its own page (as of an nginx without Kong)."""
    page = (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, [("Content-Type", "text/html")], page.encode())


def _preferred(accept: list[str]) -> str:
    """Return the best type that Kong can render; the first of equal ones."""
    best, chosen = 0.0, JSON
    for entry in ",".join(accept).split(",") if accept else ():
        found = _ACCEPT_ENTRY.match(entry.strip())
        quality = float(found[2] or 1) if found else 0.0
        if found and quality > best:
            best, chosen = quality, _ACCEPTED.get(found[1], JSON)
    return chosen
