"""The supported recordings over real sockets: client, gateway process, Invoke endpoint."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests.integration.gateway.gateway_process import GatewayProcess, read_response, request_bytes, running_gateway
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint, Script, running_endpoint
from unit.kong.recordings import (
    CONSUMERS,
    Case,
    assert_same_body,
    body_bytes,
    event_of,
    replayable,
    service_and_route,
    stable_event,
    stable_headers,
)

# No name is looked up by a test.
NOT_HERE = {"dns_failure"}
CASES = [
    case
    for recording in ("aws_lambda_requests", "aws_lambda_responses")
    for name, case in replayable(recording)
    # Where Kong leaves the client waiting, there is no response to compare.
    if name not in NOT_HERE and case["client_response"]["status"] is not None
]
RECORDED_PORT = 19001


@pytest.fixture(scope="module")
def endpoint() -> Iterator[InvokeEndpoint]:
    with running_endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(endpoint: InvokeEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        config = _all_routes({RECORDED_PORT: endpoint.port, 19999: closed.getsockname()[1]})
        with running_gateway(tmp_path_factory.mktemp("gateway"), config) as running:
            yield running


def _all_routes(ports: dict[int, int]) -> dict[str, Any]:
    """Return one configuration with the routes of all cases, calling the endpoint instead of the recorded ports."""
    routes: dict[str, Any] = {}
    services: dict[str, Any] = {}
    for case in CASES:
        part = service_and_route(case)
        for service in part.get("services", []):
            services[service["name"]] = service
        for route in part.get("routes", []):
            routes[route["name"]] = route
    config = {"_format_version": "3.0", "consumers": CONSUMERS, "services": [*services.values()]}
    text = json.dumps(config | {"routes": [*routes.values()]})
    for recorded, actual in ports.items():
        text = text.replace(f'"port": {recorded}', f'"port": {actual}')
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _script(case: Case) -> Script:
    recorded = deepcopy(case["lambda_response"]) or {"status_line": "HTTP/1.1 200 OK", "headers": [], "body": ""}
    return Script(
        recorded["status_line"],
        [(name, value) for name, value in recorded["headers"]],
        body_bytes(recorded["body"]),
        recorded.get("behaviour") or {},
    )


def test_all_supported_cases_are_replayed_over_sockets() -> None:
    assert len(CASES) >= 98


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_client_and_function_get_what_kong_gave_them(
    case: Case, gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    endpoint.play(_script(case))
    request, expected = case["client_request"], case["client_response"]
    headers = [(name, value) for name, value in request["headers"]]
    with gateway.connect() as connection:
        connection.sendall(
            request_bytes(request["method"], request["target"], headers, body_bytes(request.get("body")))
        )
        response = read_response(connection, head_only=request["method"] == "HEAD")
    assert response.status_line == expected["status_line"]
    with_date = any(name == "Via" for name, _ in expected["headers"])
    assert stable_headers(response.headers, with_date=with_date) == stable_headers(
        expected["headers"], with_date=with_date
    )
    assert_same_body(case, response.body)
    if "body_json" in (case.get("upstream_request") or {}):
        _assert_same_call(case, endpoint)


def _assert_same_call(case: Case, endpoint: InvokeEndpoint) -> None:
    [received] = endpoint.received
    recorded = case["upstream_request"]
    assert received.request_line == f"POST {recorded['path']} HTTP/1.1"
    # Exactly Kong's headers, signed as well.
    assert sorted(name for name, _ in received.headers) == sorted(name for name, _ in recorded["headers"])
    changing = {"X-Amz-Date", "Authorization", "Host", "Content-Length"}
    assert {entry for entry in received.headers if entry[0] not in changing} == {
        (name, value) for name, value in recorded["headers"] if name not in changing
    }
    assert stable_event(json.loads(received.body)) == event_of(case)
