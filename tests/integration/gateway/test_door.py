"""What the project's kong.yml lets in and keeps out: identities, keys, sizes, limits, browsers, traces."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from tests.integration.gateway.gateway_process import (
    GatewayProcess,
    HttpResponse,
    read_response,
    request_bytes,
)
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint, Received, Script

from contracts.errors import OrdersError
from contracts.http import authenticated_customer, problem_response

HOST = ("Host", "orders.example.test")
KEY = ("apikey", "demo-key")
OPEN, GUARDED = ["/health", "/openapi.json"], ["/orders", "/orders/6b1f"]
FORGED = [
    ("X-Consumer-Custom-Id", "other"),
    ("x-consumer-custom-id", "victim"),
    ("X-CONSUMER-ID", "1"),
    ("X-Consumer-Username", "other"),
    ("X-Credential-Identifier", "1"),
    ("X-Anonymous-Consumer", "true"),
    ("X-Consumer-Groups", "admin"),
    ("X-Authenticated-Groups", "admin"),
    ("X-Authenticated-Userid", "other"),
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def _answer_like_a_function(endpoint: InvokeEndpoint) -> None:
    headers = [("Content-Type", "application/json"), ("X-Amzn-Requestid", "1"), ("X-Amz-Executed-Version", "7")]
    endpoint.play(
        Script(headers=headers, body=b'{"statusCode": 200, "headers": {"Location": "/orders/1"}, "body": "{}"}')
    )


def _send(gateway: GatewayProcess, request: bytes, *, head_only: bool = False) -> HttpResponse:
    with gateway.connect() as connection:
        connection.sendall(request)
        return read_response(connection, head_only=head_only)


def _get(gateway: GatewayProcess, target: str, *headers: tuple[str, str]) -> HttpResponse:
    return _send(gateway, request_bytes("GET", target, [HOST, *headers]))


def _event(endpoint: InvokeEndpoint) -> dict[str, Any]:
    [received] = endpoint.received
    event: dict[str, Any] = json.loads(received.body)
    return event


def _identity(endpoint: InvokeEndpoint) -> dict[str, list[str]]:
    prefixes = ("x-consumer", "x-credential", "x-anonymous", "x-authenticated")
    headers = _event(endpoint)["multiValueHeaders"]
    return {name: values for name, values in headers.items() if name.startswith(prefixes)}


@pytest.mark.parametrize("target", OPEN)
def test_a_forged_identity_does_not_pass_an_open_route(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str
) -> None:
    assert _get(gateway, target, *FORGED).status == 200
    assert _identity(endpoint) == {}


@pytest.mark.parametrize("target", GUARDED)
def test_a_forged_identity_is_replaced_by_the_keys_owner(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str
) -> None:
    assert _get(gateway, target, *FORGED, KEY).status == 200
    identity = _identity(endpoint)
    assert set(identity) == {
        "x-consumer-id",
        "x-consumer-custom-id",
        "x-consumer-username",
        "x-credential-identifier",
    }
    assert (identity["x-consumer-custom-id"], identity["x-consumer-username"]) == (["demo"], ["demo"])
    assert "apikey" not in _event(endpoint)["headers"]


@pytest.mark.parametrize("target", OPEN + GUARDED)
def test_a_condition_reaches_no_function(gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str) -> None:
    """A real Kong would close the connection for one, or say 304."""
    date = "Sun, 22 Nov 2026 13:00:00 GMT"
    conditions = [("If-Match", "*"), ("if-none-match", '"1"'), ("If-Range", date)]
    conditions += [("If-Modified-Since", date), ("IF-UNMODIFIED-SINCE", date)]
    assert _get(gateway, target, KEY, *conditions).status == 200
    assert [name for name in _event(endpoint)["multiValueHeaders"] if name.startswith("if-")] == []


@pytest.mark.parametrize("target", GUARDED)
@pytest.mark.parametrize(
    "headers",
    [[], [("apikey", "")], [("apikey", "wrong")], [KEY, KEY], [("Authorization", "Bearer demo-key")], FORGED],
    ids=["none", "empty", "unknown", "twice", "elsewhere", "forged"],
)
def test_without_the_key_of_a_customer_nothing_is_invoked(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str, headers: list[tuple[str, str]]
) -> None:
    response = _get(gateway, target, *headers)
    assert (response.status, response.header("WWW-Authenticate")) == (401, "Key")
    assert endpoint.received == []


def test_a_key_in_the_query_or_in_the_body_is_none(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    assert _get(gateway, "/orders/1?apikey=demo-key").status == 401
    form = [HOST, ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "15")]
    assert _send(gateway, request_bytes("POST", "/orders", form, b"apikey=demo-key")).status == 401
    assert endpoint.received == []


NOT_UTF8 = {
    "an argument": ("/health?a=%ff", b"x"),
    "an argument's name": ("/openapi.json?%C3=1", b"x"),
    "half a surrogate pair": ("/health?a=%ED%A0%80", b"x"),
    "an overlong slash": ("/health?a=%C0%AF", b"x"),
    "a header": ("/health", b"caf\xe9"),
    "a header with a key": ("/orders/1", b"\xff\r\napikey: demo-key"),
}


@pytest.mark.parametrize(("target", "value"), NOT_UTF8.values(), ids=NOT_UTF8.keys())
def test_what_no_event_can_hold_is_the_clients_fault(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str, value: bytes
) -> None:
    """Lambda would refuse the event and Kong say 500: an alarm that anybody could ring without a key."""
    request = f"GET {target} HTTP/1.1\r\nHost: orders.example.test\r\nX-A: ".encode() + value + b"\r\n\r\n"
    response = _send(gateway, request)
    assert response.status == 400
    assert json.loads(response.body)["message"] == "Path, query and headers must be UTF-8"
    assert response.header("Access-Control-Allow-Origin") == "*"
    assert endpoint.received == []


def test_a_path_that_is_not_utf8_is_no_route(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    response = _get(gateway, "/orders/%ff", KEY)
    assert (response.status, response.header("Access-Control-Allow-Origin")) == (404, "*")
    assert endpoint.received == []


def test_what_is_utf8_arrives(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    request = "GET /health?a=%C3%A9%F0%9F%98%80 HTTP/1.1\r\nHost: orders.example.test\r\nX-A: caf\u00e9\r\n\r\n"
    assert _send(gateway, request.encode()).status == 200
    event = _event(endpoint)
    assert (event["queryStringParameters"]["a"], event["headers"]["x-a"]) == ("\u00e9\U0001f600", "caf\u00e9")


@pytest.mark.parametrize("fillers", range(94, 100))
def test_the_hash_of_a_key_is_no_key_wherever_it_stands(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, fillers: int
) -> None:
    """Of two lines the tracing plugin makes one: a key behind the hundredth header would come into sight unhashed."""
    traced = [("traceparent", f"00-{1:032x}-{1:016x}-01")] * 2
    many = [(f"X-{number}", "1") for number in range(fillers)]
    hashed = hashlib.sha256(KEY[1].encode()).hexdigest()
    assert _get(gateway, "/orders/1", *traced, *many, ("apikey", hashed)).status == 401
    assert endpoint.received == []


def test_behind_a_hundred_headers_there_is_no_key_and_after_them_no_customer(
    gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    many = [(f"X-{number}", "1") for number in range(99)]
    assert _get(gateway, "/orders/1", *many, KEY).status == 401
    assert endpoint.received == []

    assert _get(gateway, "/orders/1", KEY, *many).status == 200
    answer = problem_response(_refusal(_event(endpoint)["headers"]))
    assert answer["statusCode"] == 401
    assert "first 100 headers" in json.loads(answer["body"])["detail"]


def _refusal(headers: dict[str, str]) -> OrdersError:
    """What a function says about these headers."""
    with pytest.raises(OrdersError) as caught:
        authenticated_customer(headers)
    return caught.value


@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
def test_five_megabytes_are_refused_and_one_arrives_whole(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, framing: str
) -> None:
    def post(size: int) -> HttpResponse:
        framed = (framing, str(size) if framing == "Content-Length" else "chunked")
        return _send(gateway, request_bytes("POST", "/orders", [HOST, KEY, framed], b"x" * size))

    response = post(5_000_000)
    assert response.status == 413
    assert json.loads(response.body)["message"] == "Request size limit exceeded"
    assert endpoint.received == []
    assert post(2**20).status == 200
    assert base64.b64decode(_event(endpoint)["body"]) == b"x" * 2**20


def test_the_largest_body_that_is_let_in_fits_into_an_invocation(
    gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    size = 4 * 2**20
    request = request_bytes("POST", "/orders", [HOST, KEY, ("Content-Length", str(size))], b"x" * size)
    assert _send(gateway, request).status == 200
    assert len(endpoint.received[0].body) < 6 * 2**20


def test_a_customer_over_its_limit_is_told_when_to_come_back(gateway: GatewayProcess) -> None:
    request = request_bytes("GET", "/orders/1", [HOST, ("apikey", "limited-key")])
    refused: HttpResponse | None = None
    with gateway.connect() as connection:
        while refused is None:
            connection.sendall(request)
            response = read_response(connection)
            refused = response if response.status == 429 else None
    assert refused.header("Retry-After") == refused.header("RateLimit-Reset") == "1"
    assert refused.header("X-RateLimit-Limit-Second") == refused.header("RateLimit-Limit") == "5"
    assert refused.header("X-RateLimit-Remaining-Second") == refused.header("RateLimit-Remaining") == "0"
    assert json.loads(refused.body)["message"] == "API rate limit exceeded"
    assert _get(gateway, "/orders/1", KEY).status == 200


def test_one_customers_flood_holds_no_more_functions_than_its_rate(
    gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    """Functions that hang, as with a slow database: another customer's request still reaches one of its own."""
    gate = threading.Event()
    endpoint.play(Script(headers=[("Content-Type", "application/json")], gate=gate))
    flood, other = request_bytes("GET", "/orders/1", [HOST, ("apikey", "limited-key")]), [HOST, KEY]
    time.sleep(1 - time.time() % 1)  # a second in which nobody has used up anything
    began_at = time.monotonic()
    with ExitStack() as connections, ThreadPoolExecutor(1) as thread:
        for _ in range(40):
            connections.enter_context(gateway.connect()).sendall(flood)
        answer = thread.submit(_send, gateway, request_bytes("GET", "/orders/2", other))
        while not (held := [_customer(received) for received in list(endpoint.received)]).count("demo"):
            assert time.monotonic() < began_at + 20, held
            time.sleep(0.01)
        time.sleep(0.2)  # the last of the flood are in by now, too
        seconds_touched = int(time.monotonic() - began_at) + 2
        held = [_customer(received) for received in list(endpoint.received)]
        gate.set()
        assert answer.result().status == 200
    assert 5 <= held.count("limited") <= 5 * seconds_touched < 40


def _customer(received: Received) -> str:
    headers: dict[str, str] = json.loads(received.body)["headers"]
    return headers["x-consumer-custom-id"]


def test_an_open_route_is_limited_by_address(gateway: GatewayProcess) -> None:
    response = _get(gateway, "/health")
    assert response.header("X-RateLimit-Limit-Second") == "50"


def test_a_browsers_preflight_passes_without_a_key(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    headers = [
        HOST,
        ("Origin", "https://shop.example.test"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "apikey,content-type,idempotency-key,traceparent"),
    ]
    response = _send(gateway, request_bytes("OPTIONS", "/orders", headers))
    assert (response.status, response.body) == (200, b"")
    assert response.header("Access-Control-Allow-Origin") == "*"
    assert "POST" in str(response.header("Access-Control-Allow-Methods")).split(",")
    allowed = str(response.header("Access-Control-Allow-Headers")).split(",")
    assert {"apikey", "content-type", "idempotency-key", "traceparent"} <= set(allowed)
    assert endpoint.received == []


@pytest.mark.parametrize(("target", "status"), [("/orders/1", 200), ("/orders", 401), ("/nowhere", 404)])
def test_a_browser_may_read_every_answer(gateway: GatewayProcess, target: str, status: int) -> None:
    key = [KEY] if status == 200 else []
    response = _get(gateway, target, ("Origin", "https://shop.example.test"), *key)
    assert (response.status, response.header("Access-Control-Allow-Origin")) == (status, "*")
    assert response.header("Access-Control-Expose-Headers") == "Location,Retry-After,Idempotent-Replayed"


def test_what_the_invoke_api_says_about_itself_stays_inside(gateway: GatewayProcess) -> None:
    response = _get(gateway, "/orders/1", KEY)
    assert not [name for name, _ in response.headers if name.lower().startswith(("x-amz", "x-amzn"))]
    assert response.header("Location") == "/orders/1"


@pytest.mark.parametrize("flags", ["00", "01"])
def test_the_clients_trace_goes_on_with_its_own_decision(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, flags: str
) -> None:
    client = [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-{flags}"), ("tracestate", "vendor=1")]
    assert _get(gateway, "/orders/1", KEY, *client).status == 200
    headers = _event(endpoint)["multiValueHeaders"]
    [traceparent] = headers["traceparent"]
    version, trace, span, sampled = traceparent.split("-")
    assert (version, trace, sampled) == ("00", TRACE, flags)
    assert span != "00f067aa0ba902b7"
    assert headers["tracestate"] == ["vendor=1"]


def test_a_trace_begins_here_when_the_client_brings_none(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    assert _get(gateway, "/orders/1", KEY, ("traceparent", "garbage")).status == 200
    [traceparent] = _event(endpoint)["multiValueHeaders"]["traceparent"]
    assert len(traceparent) == 55
    assert traceparent.endswith("-01")


def test_a_request_has_one_id_for_client_and_function(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    response = _get(gateway, "/orders/1", KEY)
    assert response.header("X-Request-Id") == _event(endpoint)["headers"]["x-request-id"]
    assert _get(gateway, "/orders/1", KEY, ("X-Request-Id", "mine")).header("X-Request-Id") == "mine"


@pytest.mark.parametrize(
    "target", ["/orders/", "/Orders", "/orders/1/2", "/healthz", "/openapi.jsonx", "/openapiXjson"]
)
def test_what_is_no_route_is_not_found(gateway: GatewayProcess, endpoint: InvokeEndpoint, target: str) -> None:
    assert _get(gateway, target, KEY).status == 404
    assert endpoint.received == []


def test_a_dotted_path_takes_the_route_that_it_means(gateway: GatewayProcess) -> None:
    assert _get(gateway, "/health/../orders/1").status == 401
    assert _get(gateway, "/%6frders/1").status == 401
