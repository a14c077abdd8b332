"""key-auth as recorded: there before a service, here with the same configuration before a function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.kong.recordings import CONSUMERS, Case, assert_same_body, own, stable_headers
from unit.kong.replay import Replayed, replay

from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse

LAMBDA = {
    "name": "aws-lambda",
    "config": {
        "host": "127.0.0.1",
        "function_name": "orders",
        "awsgateway_compatible": True,
        "is_proxy_integration": True,
    },
}
ANSWER = {"status_line": "HTTP/1.1 200 OK", "headers": [], "body": '{"statusCode": 200, "body": ""}'}
KEY_AUTH = [case for case in own("plugins")["cases"] if case["name"].startswith("keyauth_")]
REFUSED = {"keyauth_anonymous"}
NO_ROUTE = [case for case in own("plugins")["cases"] if case["name"].startswith("no_route_404")]


def _replay(case: Case, **config: Any) -> Replayed:
    route = {"name": "r", "paths": ["/"], "strip_path": False}
    plugins = (case["kong_config"] or {}).get("route", {}).get("plugins", [])
    plugins = [plugin | {"config": plugin["config"] | config} for plugin in plugins if plugin["name"] == "key-auth"]
    configuration = parse(
        {"_format_version": "3.0", "consumers": CONSUMERS, "routes": [route | {"plugins": [*plugins, LAMBDA]}]}
    )
    return replay(case | {"lambda_response": ANSWER}, configuration)


def _request(*headers: tuple[str, str], target: str = "/orders", method: str = "GET", **config: Any) -> Replayed:
    case = {
        "kong_config": {"route": {"plugins": [{"name": "key-auth", "config": {}}]}},
        "client_request": {"method": method, "target": target, "headers": [("Host", "a.test"), *headers]},
    }
    return _replay(case, **config)


def _event(replayed: Replayed) -> dict[str, Any]:
    [(_, payload)] = replayed.calls
    event: dict[str, Any] = json.loads(payload)
    return event


@pytest.mark.parametrize(
    "case", [case for case in KEY_AUTH if case["name"] not in REFUSED], ids=lambda case: case["name"]
)
def test_a_key_is_taken_or_refused_as_recorded(case: Case) -> None:
    replayed = _replay(case)
    response = case["client_response"]
    if response["status"] == 401:
        assert replayed.calls == []
        assert replayed.status_line == response["status_line"]
        assert stable_headers(replayed.headers, with_date=False) == stable_headers(response["headers"], with_date=False)
        assert_same_body(case, replayed.body)
        return
    recorded = {name.lower(): value for name, value in case["upstream_request"]["headers"]}
    headers = _event(replayed)["headers"]
    for name in ("x-consumer-username", "x-consumer-custom-id", "apikey"):
        assert headers.get(name) == recorded.get(name)
    assert {"x-consumer-id", "x-credential-identifier"} <= set(headers)


def test_enough_recorded_key_auth_cases_are_replayed() -> None:
    assert len(KEY_AUTH) - len(REFUSED) == 7


@pytest.mark.parametrize("case", NO_ROUTE, ids=lambda case: case["name"])
def test_a_request_without_a_route_is_answered_in_the_type_it_accepts(case: Case) -> None:
    replayed = replay(case, parse({"_format_version": "3.0"}))
    response = case["client_response"]
    assert replayed.status_line == response["status_line"]
    assert stable_headers(replayed.headers, with_date=False) == stable_headers(response["headers"], with_date=False)
    if response["body"].startswith("{"):
        assert_same_body(case, replayed.body)
    else:
        assert len(replayed.body) == len(response["body"])


def test_a_consumer_without_a_custom_id_does_not_keep_a_forged_one() -> None:
    event = _event(_request(("apikey", "bob-key-1"), ("X-Consumer-Custom-ID", "cust-1"), ("x-consumer-custom-id", "x")))
    assert "x-consumer-custom-id" not in event["multiValueHeaders"]
    assert event["headers"]["x-consumer-username"] == "bob"


def test_hidden_credentials_leave_the_headers_and_stay_in_the_query() -> None:
    assert "apikey" not in _event(_request(("apikey", "bob-key-1"), hide_credentials=True))["headers"]
    event = _event(_request(target="/orders?apikey=bob-key-1", hide_credentials=True))
    assert event["queryStringParameters"] == {"apikey": "bob-key-1"}


def test_a_realm_is_part_of_the_challenge() -> None:
    assert ("WWW-Authenticate", 'Key realm="orders"') in _request(realm="orders").headers


def test_a_preflight_needs_a_key_unless_configured_otherwise() -> None:
    assert _request(method="OPTIONS").status_line.startswith("HTTP/1.1 401 ")
    assert _request(method="OPTIONS", run_on_preflight=False).status_line.startswith("HTTP/1.1 200 ")


def test_a_key_among_more_than_a_hundred_headers_is_not_seen() -> None:
    padding = [(f"X-{number}", "1") for number in range(100)]
    assert _request(*padding, ("apikey", "bob-key-1")).status_line.startswith("HTTP/1.1 401 ")


@pytest.mark.parametrize("config", [{"anonymous": "guest"}, {"key_in_body": True}])
def test_what_key_auth_cannot_do_here_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"'{next(iter(config))}'.*supported by the embedded gateway"):
        _request(**config)
