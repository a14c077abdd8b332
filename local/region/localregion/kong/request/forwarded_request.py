"""Build aws-lambda's events without `awsgateway_compatible`: the `forward_request_*` parts, or the plain arguments.

Without any part the event is the query's arguments merged with the body's, the body's winning. Repeated headers and
arguments are arrays. A body that Kong cannot parse by its content type is base64, but for some text types.
Text holds one character per byte, as in the request.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localregion.kong.request.exchange import HEADERS_MAX, Exchange
from localregion.kong.request.query import parse_query

# Compared with the whole header, parameters included.
_RAW_TYPES = frozenset({"text/plain", "text/html", "application/xml", "text/xml", "application/soap+xml"})
_FORM, _MULTIPART, _JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Forwarding:
    """Which parts of the request become the event."""

    method: bool
    uri: bool
    headers: bool
    body: bool
    base64_encode_body: bool


def build_forwarded(exchange: Exchange, body: bytes | None, forwarding: Forwarding, *, is_buffered: bool) -> bytes:
    """Return the event as the Invoke API's payload.

    `body` is None when Kong lost it, being too large; one that nginx buffered on disk is sent and not parsed.
    """
    parsed = None if is_buffered else body
    if not (forwarding.method or forwarding.uri or forwarding.headers or forwarding.body):
        arguments = _body_arguments(exchange, parsed)
        merged = _single(exchange.query) | (arguments if isinstance(arguments, dict) else {})
        return _encode(merged).encode("latin-1")
    event: dict[str, Any] = {}
    if forwarding.method:
        event["request_method"] = exchange.method
    if forwarding.headers:
        event["request_headers"] = _headers(exchange)
    if forwarding.uri:
        event["request_uri"] = exchange.target
        event["request_uri_args"] = _single(exchange.query)
    if forwarding.body:
        event |= _body(exchange, body, parsed, encodes=forwarding.base64_encode_body)
    return _encode(event).encode("latin-1")


def _body(exchange: Exchange, body: bytes | None, parsed: bytes | None, *, encodes: bool) -> dict[str, Any]:
    content_type = exchange.header("content-type")
    raw = {"request_body": body.decode("latin-1")} if body else {}
    if _is_parsed(content_type):
        arguments = _body_arguments(exchange, parsed)
        return raw if arguments is _ABSENT else {**raw, "request_body_args": arguments}
    if content_type not in _RAW_TYPES and encodes:
        text = base64.b64encode(body or b"").decode("ascii")
        return {"request_body": text, "request_body_base64": True, "request_body_args": {}}
    return {**raw, "request_body_args": {}}


def _is_parsed(content_type: str | None) -> bool:
    return content_type is not None and content_type.lower().startswith((_FORM, _MULTIPART, _JSON))


def _body_arguments(exchange: Exchange, body: bytes | None) -> Any:
    """Return what the body holds by its content type, `_ABSENT` when it holds nothing that can be read."""
    content_type = exchange.header("content-type") or ""
    if body is None or not _is_parsed(content_type):
        return _ABSENT
    if content_type.lower().startswith(_FORM):
        return _single(parse_query(body.decode("latin-1"), HEADERS_MAX)) if body else {}
    if content_type.lower().startswith(_MULTIPART):
        return _parts(content_type, body)
    try:
        return _as_bytes(json.loads(body))
    except ValueError:
        return _ABSENT


def _parts(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    found = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode("latin-1")
    return found


def _headers(exchange: Exchange) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for name, value in exchange.headers[:HEADERS_MAX]:
        values.setdefault(name, []).append(value)
    return _single(values)


def _single(values: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {name: entries[0] if len(entries) == 1 else entries for name, entries in values.items()}


def _as_bytes(value: Any) -> Any:
    """Return decoded JSON with its text as one character per byte."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass").decode("latin-1")
    if isinstance(value, dict):
        return {_as_bytes(name): _as_bytes(member) for name, member in value.items()}
    return [_as_bytes(member) for member in value] if isinstance(value, list) else value
