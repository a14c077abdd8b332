"""One address with wrong keys is limited before its keys are looked at, by the settings that Kong gets in AWS."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.gateway import kong_yml
from tests.integration.gateway.gateway_process import read_response, request_bytes, running_gateway
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint

from components.gateway import address_limit

WRONG = request_bytes("GET", "/orders/1", [("Host", "orders.example.test"), ("apikey", "wrong")])
RIGHT = request_bytes("GET", "/orders/1", [("Host", "orders.example.test"), ("apikey", "demo-key")])


def test_wrong_keys_in_a_row_end_in_429_and_so_does_the_right_one(
    endpoint: InvokeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that the right key could pass would show which of the guesses is right."""
    # One a second: what comes back while 60 requests are sent is a request or two.
    settings = address_limit(50) | {
        "KONG_NGINX_HTTP_LIMIT_REQ_ZONE": "$binary_remote_addr zone=addresses:10m rate=1r/s"
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    endpoint.received.clear()
    config = kong_yml.declarative_config()
    with running_gateway(tmp_path, config, "--aws-port", str(endpoint.port)) as gateway, gateway.connect() as client:
        statuses = []
        for request in [*[WRONG] * 100, RIGHT]:
            client.sendall(request)
            statuses.append(read_response(client).status)

    assert statuses[:51] == [401] * 51
    assert statuses.count(429) > 40
    assert statuses[-1] == 429
    assert endpoint.received == []
