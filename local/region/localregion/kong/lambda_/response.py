"""Turn the answer of an Invoke call into the client's response, with `is_proxy_integration` and without.

With it, three outcomes, as recorded: the function's status, headers and body on top of the Invoke call's headers; 502
for a payload that is no proxy response; 500 for what Kong's Lua stumbles over, and for every failed call.
Where Kong itself is undecided (a header that differs from an Invoke header only in case) the function's header wins.
Without it the payload is the body: JSON decoded and encoded again by Lua's rules, a JSON string as its text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from localregion.kong.lambda_ import lua_json
from localregion.kong.request.errors import plugin_response
from localregion.kong.request.exchange import Response

# Not passed on: the connection to the Invoke API is none of the client's business, and the body's length is known.
_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
# The function may send these, and Kong overwrites them.
_OVERWRITTEN = frozenset(
    {"content-length", "transfer-encoding", "server", "x-kong-request-id", "x-kong-response-latency"}
)
# What nginx's Lua percent-encodes, byte for byte, in a name and in a value.
_NO_NAMES_CHARACTER = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class InvokeError(Exception):
    """The Invoke call failed, or its answer is one that Kong answers with 500; the message is for the log."""


class ProxyResponseError(Exception):
    """The function's payload is no proxy response; the message is part of the 502."""


@dataclass(slots=True)
class InvokeAnswer:
    """The Invoke API's answer; headers in its order and spelling."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def proxy_response(answer: InvokeAnswer) -> Response:
    """Raises InvokeError where the client must get Kong's 500."""
    content = _checked_content(answer)
    try:
        payload = _payload(content)
    except ProxyResponseError as error:
        reason = f"could not JSON decode Lambda function response: {error}"
        return plugin_response(502, {"error": reason, "message": "Bad Gateway"})
    headers = _Headers(answer.headers)
    headers.add_functions(payload.get("headers") or {})
    multi_value_headers = payload.get("multiValueHeaders")
    headers.add_functions(multi_value_headers if isinstance(multi_value_headers, dict) else {})
    return Response(int(float(payload["statusCode"])), headers.lines(), _body(payload), via=True)


def payload_response(answer: InvokeAnswer, *, unhandled_status: int | None, keeps_empty_arrays: bool) -> Response:
    """Answer with the function's payload. Raises InvokeError where the client must get Kong's 500."""
    content = _checked_content(answer)
    if isinstance(content, str):
        body = content.encode(errors="surrogateescape")
    elif isinstance(content, dict | list):
        try:
            text = lua_json.encode(content, keeps_empty_arrays=keeps_empty_arrays)
        except ValueError as error:
            raise InvokeError(f"body encoding failed while flushing response: {error}") from error
        body = text.encode(errors="surrogateescape")
    else:
        raise InvokeError("body must be a nil, string or table")
    status = answer.status
    # Exactly this spelling, as AWS sends it.
    if unhandled_status is not None and ("X-Amz-Function-Error", "Unhandled") in answer.headers:
        status = unhandled_status
    has_length = bool(body) or status != 204
    return Response(status, _Headers(answer.headers).lines(), body, via=True, has_length=has_length)


def _checked_content(answer: InvokeAnswer) -> Any:
    content = _content(answer)
    if answer.status >= 400:
        raise InvokeError(str(content.get("Message", "nil")) if isinstance(content, dict) else "nil")
    return content


def _content(answer: InvokeAnswer) -> Any:
    """Decode what says it is JSON; what is not JSON after all stays text."""
    if any(name.lower() == "content-type" and "json" in value for name, value in answer.headers):
        try:
            return lua_json.decode(answer.body.decode())
        except ValueError:
            pass
    return answer.body.decode(errors="surrogateescape")


def _payload(content: Any) -> dict[str, Any]:
    if isinstance(content, str):
        content = _decoded(content)
        if not isinstance(content, dict | list | str):
            raise InvokeError("attempt to index a value that is no table")
    elif not isinstance(content, dict | list):
        raise ProxyResponseError("proxy response must be json format")
    payload = content if isinstance(content, dict) else {}
    _check_status(payload)
    if not isinstance(payload.get("headers", {}), dict | list):
        raise ProxyResponseError("headers must be a table")
    if not isinstance(payload.get("body", ""), str):
        raise ProxyResponseError("body must be a string")
    if not isinstance(payload.get("isBase64Encoded", False), bool):
        raise ProxyResponseError("isBase64Encoded must be a boolean")
    return payload


def _decoded(text: str) -> Any:
    try:
        return lua_json.decode(text)
    except json.JSONDecodeError as error:
        raise ProxyResponseError(lua_json.complaint(text, error)) from error


def _check_status(payload: dict[str, Any]) -> None:
    status = payload.get("statusCode", "")
    if isinstance(status, str):
        try:
            status = float(status)
        except ValueError:
            status = 0
    if status is False:
        status = 0
    if isinstance(status, bool) or not isinstance(status, int | float):
        raise InvokeError("attempt to compare statusCode with number")
    if not 100 <= status <= 599:
        raise ProxyResponseError("statusCode validation failed")


def _body(payload: dict[str, Any]) -> bytes:
    body: str = payload.get("body", "")
    if not payload.get("isBase64Encoded"):
        return body.encode(errors="surrogateescape")
    if not _BASE64.fullmatch(body):
        raise InvokeError("the body is not base64")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error as error:
        raise InvokeError("the body is not base64") from error


class _Headers:
    """The response's headers: the Invoke call's, then the function's over them, without regard to a name's case."""

    def __init__(self, invoke_headers: list[tuple[str, str]]) -> None:
        self._values: dict[str, tuple[str, list[str]]] = {}
        for name, value in invoke_headers:
            if name.lower() not in _HOP_BY_HOP:
                self._values.setdefault(name.lower(), (name, []))[1].append(value)

    def add_functions(self, headers: Any) -> None:
        if isinstance(headers, list):
            if headers:
                raise InvokeError("invalid header name: got number, expected string")
            return
        for name, value in headers.items():
            values = _texts(name, value)
            name = _NO_NAMES_CHARACTER.sub(_escaped, _as_bytes(name))
            lower = name.lower()
            # For parity: a header without a name is none.
            if name and lower not in _OVERWRITTEN:
                self._values[lower] = (name, values)

    def lines(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self._values.values() for value in values]


def _texts(name: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [_text(name, entry, in_list=True) for entry in value]
    # For parity: an object is a list without entries to Lua, so the header goes away.
    return [] if isinstance(value, dict) else [_text(name, value)]


def _text(name: str, value: Any, *, in_list: bool = False) -> str:
    if isinstance(value, str):
        return _CONTROL.sub(_escaped, _as_bytes(value))
    if isinstance(value, bool) and not in_list:
        return "true" if value else "false"
    if isinstance(value, int | float) and not in_list:
        return lua_json.number_text(value)
    raise InvokeError(f"invalid header value for {name!r}: expected string, number, boolean or array of strings")


def _as_bytes(text: str) -> str:
    """Return decoded text as one character per byte."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode("latin-1")


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
