"""Build the event of `awsgateway_compatible: true`: API Gateway's payload 1.0 as Kong 3.9 makes it.

It differs from AWS's. Empty maps are `{}`, a flag without `=` is `true`, and `headers` has a repeated header's first
value. The body is base64 unless `base64_encode_body` is false. There is no `resource`, `stageVariables` or stage.
At most 100 headers and 100 query arguments get in. The event's bytes are the request's, valid UTF-8 or not.
"""

from __future__ import annotations

import base64
import functools
import json
import time
from typing import Any

from localregion.kong.request.exchange import HEADERS_MAX, Exchange

# Text holds one character per byte, so that latin-1 gives the request's own bytes back.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def build_event(exchange: Exchange, body: bytes, *, base64_encode_body: bool, now: float) -> bytes:
    """Return the event as the Invoke API's payload."""
    headers: dict[str, str] = {}
    multi_value_headers: dict[str, list[str]] = {}
    for name, value in exchange.headers[:HEADERS_MAX]:
        headers.setdefault(name, value)
        multi_value_headers.setdefault(name, []).append(value)
    event: dict[str, Any] = {
        "version": "1.0",
        "path": exchange.match.upstream_path,
        "httpMethod": exchange.method,
        "headers": headers,
        "multiValueHeaders": multi_value_headers,
        "queryStringParameters": {name: values[0] for name, values in exchange.query.items()},
        "multiValueQueryStringParameters": exchange.query,
        "pathParameters": exchange.match.captures,
        "isBase64Encoded": base64_encode_body,
        "requestContext": _request_context(exchange, now),
    }
    if base64_encode_body:
        event["body"] = base64.b64encode(body).decode("ascii")
    elif body:
        event["body"] = body.decode("latin-1")
    return _encode(event).encode("latin-1")


def _request_context(exchange: Exchange, now: float) -> dict[str, Any]:
    host = exchange.host
    identity = {"sourceIp": exchange.peer}
    user_agent = exchange.header("user-agent")
    if user_agent is not None:
        identity["userAgent"] = user_agent
    return {
        "path": exchange.match.upstream_path,
        "resourcePath": exchange.match.upstream_path,
        "httpMethod": exchange.method,
        **({"protocol": exchange.protocol} if exchange.protocol else {}),
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "identity": identity,
        "requestId": exchange.request_id,
        "requestTime": _request_time(int(now)),
        "requestTimeEpoch": int(now * 1000),
    }


@functools.lru_cache(maxsize=1)
def _request_time(now: int) -> str:
    at = time.gmtime(now)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{at.tm_mday:02}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:{clock} +0000"
