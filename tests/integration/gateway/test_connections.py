"""Clients that send more than one request at once, more than is read, or read nothing: order, patience and bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.gateway import kong_yml

from localregion.kong import connection
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.invoke_client import InvokeCall
from localregion.kong.lambda_.response import InvokeAnswer
from localregion.kong.server import GatewayServer

HEAD = b"Host: orders.example.test\r\napikey: demo-key\r\n"
GET = b"GET /orders/1 HTTP/1.1\r\n" + HEAD + b"\r\n"
HEALTH = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Function:
    """Takes the place of the Invoke API; answers when it may."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def invoke(self, _call: InvokeCall, _payload: bytes) -> InvokeAnswer:
        self.calls += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return InvokeAnswer(200, [("Content-Type", "application/json")], b'{"statusCode": 200, "body": "good"}')


def run(scenario: Callable[[Function, GatewayServer, Streams], Awaitable[None]]) -> None:
    async def main() -> None:
        function = Function()
        gateway = Gateway(parse(kong_yml.declarative_config()), function)  # type: ignore[arg-type]
        server = GatewayServer(gateway)
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        try:
            async with asyncio.timeout(30):
                await scenario(function, server, (reader, writer))
        finally:
            writer.close()
            listener.close()
            function.may_answer.set()
            await server.shutdown(1)

    asyncio.run(main())


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    [length] = [int(line[16:]) for line in head.split("\r\n") if line.startswith("Content-Length: ")]
    return int(head.split()[1]), await reader.readexactly(length)


def test_a_request_behind_another_waits_for_its_answer() -> None:
    async def scenario(function: Function, _server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(3 * GET)
        await asyncio.sleep(0.1)
        assert function.calls == 1
        function.may_answer.set()
        assert [await answer(reader) for _ in range(3)] == 3 * [(200, b"good")]
        assert function.calls == 3

    run(scenario)


def test_a_client_that_reads_nothing_is_not_answered_without_end() -> None:
    async def scenario(_function: Function, server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        many = 40_000
        writer.write(many * HEALTH)
        await asyncio.sleep(0.1)
        [of_client] = server.connections
        while of_client.task is not None:
            await asyncio.sleep(0.05)
        assert 0 < of_client._transport.get_write_buffer_size() < 1_000_000
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert {(await answer(reader))[0] for _ in range(many)} == {404}

    run(scenario)


def test_a_body_that_no_plugin_reads_is_dropped_and_the_connection_goes_on() -> None:
    async def scenario(function: Function, _server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        function.may_answer.set()
        size = 1_000_000
        writer.write(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        assert (await answer(reader))[0] == 404
        writer.write(size * b"x" + GET)
        assert await answer(reader) == (200, b"good")

    run(scenario)


@pytest.mark.parametrize("sent", [b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_a_body_whose_end_does_not_come_ends_the_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.1)

    async def scenario(_function: Function, _server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(b"POST /nowhere HTTP/1.1\r\nHost: a\r\n" + sent)
        assert (await answer(reader))[0] == 404
        assert await reader.read() == b""

    run(scenario)


def test_a_failure_of_the_gateways_own_is_answered_and_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(function: Function, server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        server.gateway = None  # type: ignore[assignment]
        with caplog.at_level(logging.ERROR, "gateway"):
            writer.write(GET)
            status, body = await answer(reader)
        assert (status, body.startswith(b"An unexpected error occurred\n")) == (500, True)
        assert await reader.read() == b""
        assert "unexpected error" in caplog.text
        assert function.calls == 0

    run(scenario)


def test_stopping_ends_idle_connections_at_once_and_others_after_their_answer() -> None:
    async def scenario(function: Function, server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        idle, of_idle = await asyncio.open_connection(*writer.get_extra_info("peername"))
        writer.write(GET)
        await asyncio.sleep(0.05)
        stopped = asyncio.create_task(server.shutdown(10))
        assert await idle.read() == b""
        of_idle.close()
        assert not stopped.done()
        function.may_answer.set()
        assert await answer(reader) == (200, b"good")
        assert await reader.read() == b""
        await stopped

    run(scenario)


def test_a_request_that_does_not_end_is_given_up_when_the_gateway_stops() -> None:
    async def scenario(function: Function, server: GatewayServer, streams: Streams) -> None:
        reader, writer = streams
        writer.write(GET)
        await asyncio.sleep(0.05)
        await server.shutdown(0.1)
        assert await reader.read() == b""
        assert function.calls == 1

    run(scenario)
