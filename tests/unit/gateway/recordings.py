"""The recordings of a real Kong 3.9.3 in `tests/events/kong`, in the form that the tests replay.

`replayable` lists the cases whose configuration the embedded gateway takes; the tests assert how many there are, so
that the set cannot shrink unnoticed.
"""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from gateway.configuration import Configuration
from gateway.declarative import parse
from gateway.gateway import Gateway
from gateway.schema import ConfigurationError

FOLDER = Path(__file__).parents[2] / "events" / "kong"
CONSUMERS = [
    {"username": "alice", "custom_id": "cust-1", "keyauth_credentials": [{"key": "alice-key-1"}]},
    {"username": "bob", "keyauth_credentials": [{"key": "bob-key-1"}]},
]
# Differ from run to run.
VOLATILE_HEADERS = {"x-kong-request-id", "x-kong-response-latency", "connection"}
# The client was left waiting for ever; the embedded gateway closes the connection instead.
HANGING = {"proxy_status_100"}

Case = dict[str, Any]


@cache
def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return data


def cases(name: str) -> list[Case]:
    return load(name)["cases"]  # type: ignore[no-any-return]


def service_and_route(case: Case) -> dict[str, Any]:
    """Return the case's part of a declarative configuration."""
    config = deepcopy(case["kong_config"]) or {}
    route = config.get("route", {})
    if "routes" in route:
        return {"services": [route]}
    if not route:
        return {}
    service = route.pop("service", None) or {"name": f"{route['name']}-service", "url": route.pop("service_url", None)}
    if service.get("url") is None:
        return {"routes": [route]}
    return {"services": [service | {"routes": [route]}]}


def declarative_config(case: Case) -> dict[str, Any]:
    return {"_format_version": "3.0", "consumers": deepcopy(CONSUMERS), **service_and_route(case)}


def configuration(case: Case) -> Configuration | None:
    """Return the case's configuration, or None when the embedded gateway refuses it."""
    try:
        read = parse(declarative_config(case))
        Gateway(read, None)  # type: ignore[arg-type] # nothing is called
    except ConfigurationError:
        return None
    return read


@cache
def replayable(name: str) -> tuple[tuple[str, Case], ...]:
    return tuple((case["name"], case) for case in cases(name) if configuration(case) is not None)


def body_bytes(body: Any) -> bytes:
    """Return a recorded body; a long one was recorded as its length and its start."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if "base64" in body:
        return base64.b64decode(body["base64"])
    start = body["text_prefix"].rstrip(".").rstrip("x")
    end = '"' if start.startswith('"') else '"}' if start else ""
    length: int = body["bytes"] - len(start) - len(end)
    text: str = start + "x" * length + end
    return text.encode()


def event_of(case: Case) -> dict[str, Any]:
    """Return the recorded event without what differs from run to run."""
    recorded = case["upstream_request"]
    if "body_json" in recorded:
        return stable_event(recorded["body_json"])
    return stable_event(json.loads(base64.b64decode(recorded["body"]["base64"]).decode("latin-1")))


def stable_event(event: dict[str, Any]) -> dict[str, Any]:
    event = deepcopy(event)
    for name in ("requestId", "requestTime", "requestTimeEpoch"):
        assert event["requestContext"].pop(name)
    body = event.get("body")
    if isinstance(body, str) and len(body) > 5000:
        event["body"] = {"string_length": len(body), "prefix": body[:60]}
    for name in ("x-consumer-id", "x-credential-identifier"):
        if name in event["headers"]:
            assert event["multiValueHeaders"].pop(name) == [event["headers"].pop(name)]
    return event


def stable_headers(headers: list[tuple[str, str]] | list[list[str]], *, with_date: bool) -> list[tuple[str, str]]:
    """Return headers that must be equal, sorted: their order differs from run to run."""
    skipped = VOLATILE_HEADERS | (set() if with_date else {"date"})
    return sorted((name, value) for name, value in headers if name.lower() not in skipped)


def stable_body(body: Any) -> str:
    """Return a body without the request's id."""
    text = body_bytes(body).decode() if not isinstance(body, bytes) else body.decode()
    marker = '"request_id":"'
    start = text.find(marker)
    return text if start < 0 else text[: start + len(marker)] + "id" + text[start + len(marker) + 32 :]


def assert_same_body(case: Case, body: bytes) -> None:
    """Compare as JSON where it is JSON: Kong's key order is that of its hash table."""
    expected = stable_body(case["client_response"]["body"])
    actual = stable_body(body)
    if expected.startswith("{") and actual.startswith("{") and len(expected) == len(actual):
        assert json.loads(actual) == json.loads(expected)
    else:
        assert actual == expected
