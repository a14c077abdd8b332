"""The recordings of a real Kong 3.9.3, in the form that the tests replay.

They are read from the folder `KONG_RECORDINGS`, by default the project's own copy in `tests/events/kong`.
"""

from __future__ import annotations

import base64
import json
import os
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from localregion.kong.config.configuration import Configuration
from localregion.kong.config.kong_conf import refuse_settings
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway

OWN_FOLDER = Path(__file__).parents[2] / "events" / "kong"
FOLDER = Path(os.environ.get("KONG_RECORDINGS") or OWN_FOLDER)
CONSUMERS = [
    {"username": "alice", "custom_id": "cust-1", "keyauth_credentials": [{"key": "alice-key-1"}]},
    {"username": "bob", "keyauth_credentials": [{"key": "bob-key-1"}]},
]
# The plugin of recordings that only say what differs from it.
PLAIN_LAMBDA = {
    "name": "aws-lambda",
    "config": {
        "host": "127.0.0.1",
        "port": 19001,
        "disable_https": True,
        "aws_region": "us-east-1",
        "aws_key": "AKIAEXAMPLEKEY000000",
        "aws_secret": "example-secret-not-real",
        "function_name": "orders",
        "awsgateway_compatible": True,
        "is_proxy_integration": True,
    },
}
# Differ from run to run.
VOLATILE_HEADERS = {"x-kong-request-id", "x-kong-response-latency", "connection"}
_MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#\d+)?")

Case = dict[str, Any]


@cache
def load(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return data


def own(name: str) -> dict[str, Any]:
    """Return a file of the project's own copy, also when other recordings are replayed."""
    return load(name, OWN_FOLDER)


def cases(name: str) -> list[Case]:
    return load(name)["cases"]  # type: ignore[no-any-return]


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def service_and_route(case: Case) -> dict[str, Any]:
    """Return the case's part of a declarative configuration."""
    config = deepcopy(case.get("kong_config")) or {}
    route = config.get("route", {})
    if "plugin" in config:
        return {"routes": [_lambda_route(config["plugin"])]}
    if "plugin_overrides" in config:
        overridden = {**PLAIN_LAMBDA["config"], **config["plugin_overrides"]}  # type: ignore[dict-item]
        refusing = PLAIN_LAMBDA | {"config": {**PLAIN_LAMBDA["config"], "port": 19999}}  # type: ignore[dict-item]
        return {
            "services": [{"name": "u", "url": "http://127.0.0.1:19002", "routes": [{"name": "u", "paths": ["/u"]}]}]
            if case["client_request"]["target"].startswith("/u")
            else [],
            "routes": [
                _lambda_route(PLAIN_LAMBDA | {"config": overridden}),
                _lambda_route(refusing, path="/refused"),
            ],
        }
    if "routes" in route:
        return {"services": [route]}
    if not route:
        return {}
    service = route.pop("service", None) or {"name": f"{route['name']}-service", "url": route.pop("service_url", None)}
    if service.get("url") is None:
        return {"routes": [route]}
    return {"services": [service | {"routes": [route]}]}


def _lambda_route(plugin: dict[str, Any], path: str = "/l") -> dict[str, Any]:
    return {"name": path[1:], "paths": [path], "strip_path": False, "plugins": [plugin]}


def declarative_config(case: Case) -> dict[str, Any]:
    return {"_format_version": "3.0", "consumers": deepcopy(CONSUMERS), **service_and_route(case)}


def read(case: Case) -> Configuration:
    """Return the case's configuration. Raises ConfigurationError when the embedded gateway refuses it."""
    refuse_settings(case.get("kong_conf") or {})
    configuration = parse(declarative_config(case))
    Gateway(configuration, None)  # type: ignore[arg-type] # nothing is called
    return configuration


def is_taken(case: Case) -> bool:
    """Say whether the embedded gateway takes the case's configuration."""
    try:
        read(case)
    except ConfigurationError:
        return False
    return True


@cache
def replayable(name: str) -> tuple[tuple[str, Case], ...]:
    """Return the project's own cases whose configuration the embedded gateway takes."""
    return tuple((case["name"], case) for case in own(name)["cases"] if is_taken(case))


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
    if "requestContext" in event:
        for name in ("requestId", "requestTime", "requestTimeEpoch"):
            assert event["requestContext"].pop(name)
    for name in ("body", "request_body"):
        body = event.get(name)
        if isinstance(body, str) and len(body) > 5000:
            event[name] = {"string_length": len(body), "prefix": body[:60]}
    for name in ("x-consumer-id", "x-credential-identifier"):
        if name in event.get("headers", {}):
            assert event["multiValueHeaders"].pop(name) == [event["headers"].pop(name)]
    if "kong-request-id" in event.get("headers", {}):
        [value] = event["multiValueHeaders"]["kong-request-id"]
        event["multiValueHeaders"]["kong-request-id"] = [stable_id(value)]
        event["headers"]["kong-request-id"] = stable_id(event["headers"]["kong-request-id"])
    return event


def stable_id(value: str) -> str:
    """Return a word for an id that was made up, and a client's as it is."""
    return "made up" if _MADE_UP.fullmatch(value) else value


def stable_headers(headers: list[tuple[str, str]] | list[list[str]], *, with_date: bool) -> list[tuple[str, str]]:
    """Return headers that must be equal, sorted: their order differs from run to run."""
    skipped = VOLATILE_HEADERS | (set() if with_date else {"date"})
    return sorted((name, stable_id(value)) for name, value in headers if name.lower() not in skipped)


def stable_body(body: Any) -> str:
    """Return a body without the request's id."""
    text = body_bytes(body).decode() if not isinstance(body, bytes) else body.decode()
    return re.sub(r'("request_id":"|<p>request_id: |<requestid>|request_id: )[0-9a-f]{32}', r"\1id", text)


def assert_same_body(case: Case, body: bytes) -> None:
    """Compare as JSON where it is JSON: Kong's key order is that of its hash table."""
    expected = stable_body(case["client_response"]["body"])
    actual = stable_body(body)
    if expected.startswith("{") and actual.startswith("{") and len(expected) == len(actual):
        assert json.loads(actual) == json.loads(expected)
    else:
        assert actual == expected
