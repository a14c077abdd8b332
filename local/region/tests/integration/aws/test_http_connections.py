"""Connections to the AWS port, octet by octet: order, keep-alive, pieces, limits, and what is broken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from localregion.aws.http import connection
from localregion.aws.http.exchange import Request, Response
from localregion.aws.http.server import HttpServer, bind

LIMIT = 10
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """Answers with method, target, size and body; `/slow` not before it may, `/broken` with no header."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()

    def body_limit(self, path: str, headers: dict[bytes, bytes]) -> int:
        return LIMIT

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if request.path == "/slow":
            await self.may_answer.wait()
        value = "a\r\nb" if request.path == "/broken" else "b"
        text = f"{request.method} {request.target} {request.query} {request.size} {request.body.decode()}"
        return Response(200, {"X-Spelt-So": value}, text.encode())


@asynccontextmanager
async def serving(application: Echo) -> AsyncIterator[tuple[HttpServer, int]]:
    listener = bind(0, host="127.0.0.1", variable="PORT")
    server = HttpServer(application, grace_s=5)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield server, listener.getsockname()[1]
    finally:
        application.may_answer.set()
        server.stop()
        await running


def run(scenario: Callable[[Echo, HttpServer, Streams], Awaitable[None]]) -> None:
    async def main() -> None:
        application = Echo()
        async with asyncio.timeout(30), serving(application) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await scenario(application, server, (reader, writer))
            finally:
                writer.close()

    asyncio.run(main())


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]).encode()


async def answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> tuple[list[bytes], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
    [length] = [int(line[16:]) for line in head if line.startswith((b"Content-Length: ", b"content-length: "))]
    return head, await reader.readexactly(length) if has_body else b""


def test_requests_sent_at_once_are_answered_in_their_order_on_one_connection() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/slow") + get("/b?x=1&y") + get("/c"))
        await asyncio.sleep(0.05)
        assert application.asked == ["/slow"]
        application.may_answer.set()
        bodies = [(await answer(reader))[1] for _ in range(3)]
        assert bodies == [b"GET /slow {} 0 ", b"GET /b?x=1&y {'x': '1', 'y': ''} 0 ", b"GET /c {} 0 "]
        writer.write(get("/d"))
        assert (await answer(reader))[1] == b"GET /d {} 0 "

    run(scenario)


def test_a_request_in_single_octets_is_one_request() -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        for octet in get("/a", "Content-Length: 3", method="POST") + b"abc":
            writer.write(bytes([octet]))
            await asyncio.sleep(0)
        head, body = await answer(reader)
        assert body == b"POST /a {} 3 abc"
        assert head[0] == b"HTTP/1.1 200 OK"
        assert b"X-Spelt-So: b" in head

    run(scenario)


@pytest.mark.parametrize(("size", "kept"), [(LIMIT, b"x" * LIMIT), (LIMIT + 1, b""), (200_000, b"")])
def test_a_body_beyond_the_limit_is_read_and_dropped(size: int, kept: bytes) -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/a", f"Content-Length: {size}", method="PUT") + b"x" * size + get("/b"))
        assert (await answer(reader))[1] == b"PUT /a {} %d %s" % (size, kept)
        assert (await answer(reader))[1] == b"GET /b {} 0 "

    run(scenario)


def test_chunks_are_put_together_and_a_trailer_is_no_header() -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        head = get("/a", "Transfer-Encoding: chunked", method="POST")
        writer.write(head + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nX-Late: 1\r\n\r\n")
        assert (await answer(reader))[1] == b"POST /a {} 5 abcde"

    run(scenario)


def test_a_client_that_waits_for_its_turn_to_send_is_told() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        held_back = get("/b", "Content-Length: 2", "Expect: 100-continue", method="POST")
        writer.write(get("/slow") + held_back)
        application.may_answer.set()
        assert (await answer(reader))[1] == b"GET /slow {} 0 "
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab" + held_back)
        assert (await answer(reader))[1] == b"POST /b {} 2 ab"
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"

    run(scenario)


def test_the_answer_to_head_says_how_long_the_body_would_be() -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/a", method="HEAD") + get("/b"))
        head, _ = await answer(reader, has_body=False)
        assert b"Content-Length: 13" in head
        assert (await answer(reader))[1] == b"GET /b {} 0 "

    run(scenario)


@pytest.mark.parametrize("request_", [get("/a", version="1.0"), get("/a", "Connection: close")])
def test_a_connection_that_the_client_ends_is_ended(request_: bytes) -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(request_)
        head, _ = await answer(reader)
        assert head[-1] == b"connection: close"
        assert await reader.read() == b""

    run(scenario)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"GET /a HTTP/1.1\r\nBad Header\r\n\r\n", b"GET\r\n\r\n"])
def test_what_is_no_http_is_refused(garbage: bytes) -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(garbage)
        head, body = await answer(reader)
        assert (head[0], body) == (b"HTTP/1.1 400 Bad Request", b"Invalid HTTP request received.")
        assert await reader.read() == b""
        assert application.asked == []

    run(scenario)


def test_garbage_behind_a_request_takes_no_answer_away() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/slow") + b"\x16\x03\x01\x02\x00")
        await asyncio.sleep(0.05)
        application.may_answer.set()
        assert (await answer(reader))[1] == b"GET /slow {} 0 "
        assert await reader.read() == b""

    run(scenario)


def test_half_a_body_is_never_answered() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/a", "Content-Length: 3", method="POST") + b"ab")
        writer.write_eof()
        assert await reader.read() == b""
        assert application.asked == []

    run(scenario)


def test_a_header_that_breaks_out_of_its_line_is_not_sent() -> None:
    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(get("/broken"))
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await answer(reader)

    run(scenario)


def test_a_client_that_leaves_disturbs_no_other() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        port = writer.get_extra_info("peername")[1]
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(get("/slow"))
            await asyncio.sleep(0.05)
        application.may_answer.set()
        writer.write(get("/a"))
        assert (await answer(reader))[1] == b"GET /a {} 0 "
        assert application.asked == ["/slow", "/a"]

    run(scenario)


def test_an_idle_connection_is_closed_and_one_in_use_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "KEEP_ALIVE_S", 0.3)

    async def scenario(_application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        for _ in range(4):
            writer.write(get("/a"))
            assert (await answer(reader))[1] == b"GET /a {} 0 "
            await asyncio.sleep(0.15)
        writer.write(get("/a", "Content-Length: 1", method="POST"))
        await asyncio.sleep(0.7)
        writer.write(b"x")
        assert (await answer(reader))[1] == b"POST /a {} 1 x"
        assert await reader.read() == b""

    run(scenario)


def test_stopping_lets_a_running_request_end_and_closes_idle_connections() -> None:
    async def scenario(application: Echo, server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        idle, of_idle = await asyncio.open_connection("127.0.0.1", writer.get_extra_info("peername")[1])
        writer.write(get("/slow"))
        await asyncio.sleep(0.05)
        server.stop()
        assert await idle.read() == b""
        of_idle.close()
        application.may_answer.set()
        head, body = await answer(reader)
        assert (head[-1], body) == (b"connection: close", b"GET /slow {} 0 ")
        assert await reader.read() == b""

    run(scenario)


def test_a_client_that_reads_nothing_is_not_answered_without_end() -> None:
    async def scenario(application: Echo, _server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        writer.transport.pause_reading()
        many = 20_000
        path = "/" + 1_000 * "a"
        writer.write(get(path) * many)
        await asyncio.sleep(1)
        assert 0 < len(application.asked) < many
        writer.transport.resume_reading()
        for _ in range(many):
            await answer(reader)
        assert len(application.asked) == many

    run(scenario)
