"""How the gateway process behaves towards clients, good, slow and broken, and when it is started and stopped."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gateway.gateway_process import (
    GatewayProcess,
    read_response,
    request_bytes,
    running_gateway,
    start,
)
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint, Script, running_endpoint

from localregion.plan.model import from_json

HOST = ("Host", "orders.example.test")
KEY = ("apikey", "demo-key")
BODY_MAX = 100_000


def _config(**overrides: Any) -> dict[str, Any]:
    function = {"function_name": "create_order", "is_proxy_integration": True, "awsgateway_compatible": True}
    config = function | {"skip_large_bodies": False, "timeout": 10_000} | overrides
    return {
        "_format_version": "3.0",
        "consumers": [{"username": "demo", "custom_id": "demo", "keyauth_credentials": [{"key": "demo-key"}]}],
        "routes": [
            {
                "name": "orders",
                "paths": ["/orders"],
                "strip_path": False,
                "plugins": [{"name": "key-auth"}, {"name": "aws-lambda", "config": config}],
            }
        ],
    }


@pytest.fixture(scope="module")
def endpoint() -> Iterator[InvokeEndpoint]:
    with running_endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(endpoint: InvokeEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    arguments = ("--aws-port", str(endpoint.port), "--body-max-bytes", str(BODY_MAX))
    with running_gateway(tmp_path_factory.mktemp("gateway"), _config(), *arguments) as running:
        yield running


@pytest.fixture(autouse=True)
def _answer_with_an_empty_object(endpoint: InvokeEndpoint) -> None:
    endpoint.play(Script())


def _post(body: bytes, *headers: tuple[str, str]) -> bytes:
    return request_bytes("POST", "/orders", [HOST, KEY, *headers], body)


def test_connections_to_client_and_invoke_api_stay_open(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    before = endpoint.connections
    with gateway.connect() as connection:
        for _ in range(5):
            connection.sendall(_post(b"{}", ("Content-Length", "2")))
            response = read_response(connection)
            assert (response.status, response.header("Connection")) == (200, "keep-alive")
    assert len(endpoint.received) == 5
    assert endpoint.connections <= before + 1


def test_pipelined_requests_are_answered_in_order(gateway: GatewayProcess) -> None:
    with gateway.connect() as connection:
        connection.sendall(request_bytes("GET", "/nowhere", [HOST]))
        connection.sendall(request_bytes("GET", "/orders", [HOST, KEY, ("Connection", "close")]))
        # Up to the end: both may come at once.
        first, second = b"".join(iter(lambda: connection.recv(1 << 16), b"")).split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"404 ")
    assert second.startswith(b"200 ")
    assert b"\r\nConnection: close\r\n" in second


def test_a_client_of_http_1_0_is_answered_and_disconnected(gateway: GatewayProcess) -> None:
    with gateway.connect() as connection:
        connection.sendall(b"GET /orders HTTP/1.0\r\napikey: demo-key\r\n\r\n")
        assert read_response(connection).header("Connection") == "close"
        assert connection.recv(1) == b""


def test_a_body_that_waits_for_100_continue_is_asked_for(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    with gateway.connect() as connection:
        connection.sendall(_post(b"", ("Content-Length", "2"), ("Expect", "100-continue")))
        assert read_response(connection).status_line == "HTTP/1.1 100 Continue"
        connection.sendall(b"{}")
        assert read_response(connection).status == 200
    assert json.loads(endpoint.received[0].body)["body"] == "e30="


def test_a_refused_request_does_not_ask_for_its_body(gateway: GatewayProcess) -> None:
    with gateway.connect() as connection:
        headers = [HOST, ("Content-Length", "2"), ("Expect", "100-continue")]
        connection.sendall(request_bytes("POST", "/orders", headers))
        response = read_response(connection)
        assert (response.status, response.header("Connection")) == (401, "close")


@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
def test_a_body_over_the_limit_is_refused(gateway: GatewayProcess, endpoint: InvokeEndpoint, framing: str) -> None:
    body = b"x" * (BODY_MAX + 1)
    header = (framing, str(len(body)) if framing == "Content-Length" else "chunked")
    with gateway.connect() as connection:
        connection.sendall(_post(body, header))
        response = read_response(connection)
    assert (response.status, response.header("Connection")) == (413, "close")
    assert endpoint.received == []


def test_a_body_in_small_pieces_arrives_whole(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    with gateway.connect() as connection:
        for byte in _post(b'{"a": 1}', ("Content-Length", "8")):
            connection.sendall(bytes([byte]))
        assert read_response(connection).status == 200
    assert json.loads(endpoint.received[0].body)["body"] == "eyJhIjogMX0="


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /orders HTTP/1.1\r\n\r\n",
        b"GET /orders HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"GET /orders HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=["no_host", "two_hosts", "negative_length", "smuggling", "long_header", "tls"],
)
def test_a_broken_request_is_a_bad_request_in_kongs_words(gateway: GatewayProcess, request_: bytes) -> None:
    with gateway.connect() as connection:
        connection.sendall(request_)
        response = read_response(connection)
        assert response.status_line == "HTTP/1.1 400 Bad Request"
        assert response.header("Content-Type") == "text/plain; charset=utf-8"
        assert response.header("Server") == "kong/3.9.3"
        assert response.body.startswith((b"Bad request\nrequest_id: ", b"Request header or cookie too large\n"))


def test_the_method_trace_is_refused(gateway: GatewayProcess) -> None:
    with gateway.connect() as connection:
        connection.sendall(request_bytes("TRACE", "/orders", [HOST]))
        assert read_response(connection).status_line == "HTTP/1.1 405 Not Allowed"


def test_an_invocation_goes_on_when_the_client_leaves(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    gate = threading.Event()
    endpoint.play(Script(gate=gate))
    with gateway.connect() as connection:
        connection.sendall(_post(b"{}", ("Content-Length", "2")))
    while not endpoint.received:
        threading.Event().wait(0.01)
    gate.set()
    with gateway.connect() as connection:
        connection.sendall(_post(b"{}", ("Content-Length", "2")))
        assert read_response(connection).status == 200
    assert len(endpoint.received) == 2


def test_a_running_request_ends_before_the_gateway_stops(endpoint: InvokeEndpoint, tmp_path: Path) -> None:
    gate = threading.Event()
    endpoint.play(Script(gate=gate))
    with (
        running_gateway(tmp_path, _config(), "--aws-port", str(endpoint.port)) as stopped,
        stopped.connect() as connection,
    ):
        connection.sendall(_post(b"{}", ("Content-Length", "2")))
        while not endpoint.received:
            threading.Event().wait(0.01)
        stopped.process.terminate()
        _wait_until_refused(stopped)
        gate.set()
        assert read_response(connection).status == 200
        assert stopped.process.wait(15) == 0


def _wait_until_refused(gateway: GatewayProcess) -> None:
    while True:
        try:
            gateway.connect().close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            # Accepted by the kernel, closed with the listener.
            continue


def test_a_taken_port_is_named_with_its_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, _config(), "--aws-port", "4566", port=port)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr == f"Error: port {port} is taken; set GATEWAY_PORT to another one\n"


def test_an_unsupported_configuration_is_refused_at_start(tmp_path: Path) -> None:
    config = _config()
    config["routes"][0]["plugins"].append({"name": "jwt"})
    process = start(tmp_path, config, "--aws-port", "4566")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "in entry 3 of 'plugins'" in stderr
    assert "in 'name': plugin 'jwt' is not supported by the embedded gateway" in stderr


def test_a_plan_is_served_with_its_real_keys(endpoint: InvokeEndpoint, tmp_path: Path) -> None:
    config = _config()
    config["consumers"][0]["keyauth_credentials"] = [{"key": {"$secret": "gateway/demo"}}]
    empty: dict[str, Any] = {"functions": [], "event_source_mappings": [], "schedules": [], "invocations": []}
    plan = {
        "version": 1,
        "stack": "local",
        "region": "us-east-1",
        "account": "000000000000",
        **empty,
        "secrets": {"gateway/demo": {"key": {"$secret": "gateway/demo"}}},
        "database": {"engine_version": "18", "name": "orders", "admin_secret": "database/admin"},
        "broker": {"engine_version": "4.2", "admin_secret": "broker/admin"},
        "gateway": {"version": "3.9", "declarative_config": config},
    }
    text = from_json(json.dumps(plan)).to_json()
    files = {"plan": text, "values": "{}", "secrets": json.dumps({"gateway/demo": {"key": "demo-key"}})}
    arguments: list[str] = []
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        arguments += [f"--{name}", str(tmp_path / name)]
    with (
        running_gateway(tmp_path, None, *arguments, "--aws-port", str(endpoint.port)) as running,
        running.connect() as connection,
    ):
        connection.sendall(_post(b"{}", ("Content-Length", "2")))
        assert read_response(connection).status == 200
