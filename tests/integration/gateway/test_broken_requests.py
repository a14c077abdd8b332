"""Requests that are broken on purpose: nothing is invoked, the connection is closed, no other client waits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.gateway import kong_yml
from tests.integration.gateway.collector import running_collector
from tests.integration.gateway.gateway_process import GatewayProcess, read_response, request_bytes, running_gateway
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint, Script

from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.invoke_client import InvokeClient
from localregion.kong.server import GatewayServer

HEAD = b"Host: orders.example.test\r\napikey: demo-key\r\n"
POST, GET = b"POST /orders HTTP/1.1\r\n" + HEAD, b"GET /orders/1 HTTP/1.1\r\n" + HEAD
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
BROKEN = {
    "two different lengths": POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "two equal lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "a hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + LAST,
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + LAST,
    "two codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + LAST,
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    "a coding behind a control character": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + LAST,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST,
    "chunks in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + LAST,
    "no chunk size": CHUNKED + b"zz\r\nabc\r\n" + LAST,
    "a negative chunk": CHUNKED + b"-1\r\nabc\r\n" + LAST,
    "a chunk longer than it says": CHUNKED + b"3\r\nabcdef\r\n" + LAST,
    "a chunk of more bytes than there are": CHUNKED + b"ffffffffffffffffff\r\nabc",
    "a folded line": GET + b"X-A: 1\r\n folded\r\n\r\n",
    "a folded first line": b"GET /orders/1 HTTP/1.1\r\n Host: a\r\n\r\n",
    "a null in a value": GET + b"X: a\x00b\r\n\r\n",
    "a carriage return in a value": GET + b"X: a\rb\r\n\r\n",
    "a length twice by another name": POST + b"Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "a coding behind a line feed alone": POST + b"Content-Length: 3\nTransfer-Encoding: chunked\n\n" + LAST,
    "an end of a chunk that is none": CHUNKED + b"3\r\nabc\rX0\r\n\r\n",
    "a size with a sign": CHUNKED + b"+3\r\nabc\r\n" + LAST,
    "a broken trailer": CHUNKED + b"0\r\nX: a\rb\r\n\r\n",
    "a path above the root": b"GET /../.. HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a path with a null": b"GET /orders/%00 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a broken escape": b"GET /orders/%zz HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a host that is none": b"GET /orders/1 HTTP/1.1\r\nHost: a..b\r\napikey: demo-key\r\n\r\n",
    "a name with a space": GET + b"X y: a\r\n\r\n",
    "an empty name": GET + b": a\r\n\r\n",
    "two hosts": GET + b"Host: b\r\n\r\n",
    "another protocol's version": GET.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n",
    "a long line": GET + b"X: " + b"x" * 9000 + b"\r\n\r\n",
    "too many headers": GET + b"".join(b"X-%d: 1\r\n" % number for number in range(3000)) + b"\r\n",
    "too large headers": GET + b"".join(b"X-%d: %s\r\n" % (number, b"x" * 4000) for number in range(9)) + b"\r\n",
}


@pytest.mark.parametrize("request_", BROKEN.values(), ids=BROKEN.keys())
def test_an_ambiguous_request_is_refused_and_ends_its_connection(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, request_: bytes
) -> None:
    endpoint.play(Script())
    with gateway.connect() as connection:
        # A second request behind it would be the smuggled one.
        connection.sendall(request_ + GET + b"\r\n")
        response = read_response(connection)
        assert response.status in (400, 501, 505)
        assert response.header("Connection") == "close"
        assert _is_closed(connection)
    assert endpoint.received == []


TAKEN = {
    "another method": GET.replace(b"GET", b"FOO", 1) + b"\r\n",
    "line feeds alone": (CHUNKED + b"3\nabc\n0\n\n").replace(b"\r\n", b"\n"),
    "a line without a colon": GET + b"nonsense\r\n\r\n",
    "a name that is none": GET + b"X(y): a\r\n\r\n",
    "two content types": GET + b"Content-Type: a\r\nContent-Type: b\r\nUser-Agent: a\r\nUser-Agent: b\r\n\r\n",
    "the target with its host": GET.replace(b"/orders", b"http://b.test/orders") + b"\r\n",
    "a later version": GET.replace(b"HTTP/1.1", b"HTTP/1.2") + b"\r\n",
}


@pytest.mark.parametrize("request_", TAKEN.values(), ids=TAKEN.keys())
def test_what_nginx_takes_reaches_the_function(
    gateway: GatewayProcess, endpoint: InvokeEndpoint, request_: bytes
) -> None:
    endpoint.play(Script())
    with gateway.connect() as connection:
        # One after the other: two answers may come in one piece.
        for each in (request_, GET + b"\r\n"):
            connection.sendall(each)
            assert read_response(connection).status == 200
    assert len(endpoint.received) == 2


def test_a_header_that_nginx_drops_does_not_arrive_and_an_empty_one_is_a_space(
    gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    endpoint.play(Script())
    with gateway.connect() as connection:
        connection.sendall(GET + b"X.Dotted: 1\r\nX-Empty:\r\nX_Under: 1\r\n\r\n")
        assert read_response(connection).status == 200
    headers = json.loads(endpoint.received[0].body)["multiValueHeaders"]
    assert {name: headers[name] for name in headers if name.startswith("x") and "request" not in name} == {
        "x-consumer-id": headers["x-consumer-id"],
        "x-consumer-custom-id": ["demo"],
        "x-consumer-username": ["demo"],
        "x-credential-identifier": headers["x-credential-identifier"],
        "x-empty": [" "],
        "x_under": ["1"],
    }


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (b"GET /orders/%zz HTTP/1.1\r\n", 400, "Bad request"),
        (GET + b"X-Request-Id: mine\r\nHost: a\r\n\r\n", 400, "Bad request"),
        (b"GET /" + b"a" * 9000, 414, "URI too long"),
        (GET + b"X: " + b"a" * 8192 + b"\r\n", 400, "Request header or cookie too large"),
        (GET.replace(b"GET", b"TRACE") + b"\r\n", 405, "Method not allowed"),
        (CHUNKED + b"zz\r\n", 400, "Bad request"),
    ],
    ids=["target", "host", "long target", "long header", "method", "body"],
)
def test_what_nginx_refuses_has_its_id_may_be_read_by_a_page_and_has_a_span(
    endpoint: InvokeEndpoint, tmp_path: Path, request_: bytes, status: int, message: str
) -> None:
    endpoint.play(Script())
    with running_collector() as collector:
        arguments = ("--aws-port", str(endpoint.port), "--spans-endpoint", collector.endpoint)
        with running_gateway(tmp_path, kong_yml.declarative_config(), *arguments) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request_)
                response = read_response(connection)
            spans = collector.wait_for_spans(2)
    assert (response.status, response.header("Connection")) == (status, "close")
    assert response.body.decode().startswith(f"{message}\nrequest_id: ")
    assert response.header("Content-Type") == "text/plain; charset=utf-8"
    assert response.header("Access-Control-Allow-Origin") == "*"
    wanted = "mine" if b"mine" in request_ else response.header("X-Request-Id")
    assert response.header("X-Request-Id") == wanted
    assert len(wanted or "") in (4, 36)
    [request] = [span for span in spans if span["kind"] == "SERVER"]
    assert request["tags"]["http.status_code"] == str(status)


def _is_closed(connection: object) -> bool:
    try:
        return connection.recv(1) == b""  # type: ignore[attr-defined]
    except ConnectionResetError:
        # What was still to be read is thrown away.
        return True


def test_a_request_inside_a_body_is_a_body(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    endpoint.play(Script())
    inner = GET + b"\r\n"
    with gateway.connect() as connection:
        connection.sendall(POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(inner) + inner)
        assert read_response(connection).status == 200
        assert connection.recv(1) == b""
    assert len(endpoint.received) == 1


def test_a_trailer_is_no_header(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    endpoint.play(Script())
    with gateway.connect() as connection:
        connection.sendall(CHUNKED + b"3\r\nabc\r\n0\r\nX-Consumer-Custom-Id: other\r\n\r\n")
        assert read_response(connection).status == 200
    assert b'"x-consumer-custom-id":"demo"' in endpoint.received[0].body
    assert b'"other"' not in endpoint.received[0].body


def test_headers_beyond_the_hundredth_take_the_identity_with_them_and_add_none(
    gateway: GatewayProcess, endpoint: InvokeEndpoint
) -> None:
    endpoint.play(Script())
    headers = [("Host", "a.test"), ("apikey", "demo-key"), *((f"X-{number}", "1") for number in range(120))]
    with gateway.connect() as connection:
        connection.sendall(request_bytes("GET", "/orders/1", [*headers, ("X-Consumer-Custom-Id", "other")]))
        assert read_response(connection).status == 200
    assert b"other" not in endpoint.received[0].body


def test_slow_clients_keep_nobody_waiting(gateway: GatewayProcess, endpoint: InvokeEndpoint) -> None:
    endpoint.play(Script())
    slow = [gateway.connect() for _ in range(20)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(GET if number % 2 else POST + b"Content-Length: 10\r\n\r\nabc")
        with gateway.connect() as connection:
            connection.sendall(GET + b"\r\n")
            assert read_response(connection).status == 200
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(GET, b""), (b"", b""), (POST + b"Content-Length: 10\r\n\r\nabc", b"HTTP/1.1 408 Request Time-out\r\n")],
    ids=["half a head", "nothing", "half a body"],
)
def test_a_client_that_stops_sending_is_cut_off(sent: bytes, answered: bytes) -> None:
    async def cut_off() -> bytes:
        client = InvokeClient()
        config = kong_yml.declarative_config()
        server = GatewayServer(Gateway(parse(config), client), body_timeout_s=0.05, idle_timeout_s=0.2)
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        try:
            reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
            writer.write(sent)
            received = await reader.read()
            writer.close()
            return received
        finally:
            listener.close()
            await server.shutdown(1)
            await client.close()

    received = asyncio.run(cut_off())
    assert received.startswith(answered)
    assert bool(received) == bool(answered)
