"""Requests that are broken on purpose: nothing is invoked, the connection is closed, no other client waits."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.gateway import kong_yml
from tests.integration.gateway.gateway_process import GatewayProcess, read_response, request_bytes
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
    "line feeds alone": CHUNKED + b"3\nabc\n0\n\n",
    "a folded line": GET + b"X-A: 1\r\n folded\r\n\r\n",
    "a folded first line": b"GET /orders/1 HTTP/1.1\r\n Host: a\r\n\r\n",
    "a line without a colon": GET + b"nonsense\r\n\r\n",
    "a null in a value": GET + b"X: a\x00b\r\n\r\n",
    "a carriage return in a value": GET + b"X: a\rb\r\n\r\n",
    "a name that is none": GET + b"X(y): a\r\n\r\n",
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
