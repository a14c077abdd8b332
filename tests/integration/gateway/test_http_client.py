"""The gateway's HTTP client against servers that frame their answers in every way, and against those that fail."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from localregion.kong.http_client import HttpAnswer, HttpClient, HttpClientError, Server, Timeouts

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
TIMEOUTS = Timeouts(connect_s=5, read_s=0.2)


async def _served(answers: list[bytes | None], requests: int) -> tuple[list[HttpAnswer], int]:
    """Send requests to a server with these answers, None to be silent; return what came, over how many connections."""
    left, connections = iter(answers), 0
    handlers: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            answer = next(left)
            if answer is None:
                continue
            writer.write(answer)
            if b"keep" not in answer:
                break

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            try:
                await serve(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    client = HttpClient()
    async with await asyncio.start_server(serve_and_close, "127.0.0.1", 0) as listener:
        server = Server("127.0.0.1", listener.sockets[0].getsockname()[1])
        try:
            return [await client.send(server, REQUEST, TIMEOUTS) for _ in range(requests)], connections
        finally:
            client.close()
            await asyncio.gather(*handlers)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    ],
    ids=["length", "chunks", "end of the connection", "after a 100"],
)
def test_an_answer_is_read_whole_however_it_is_framed(answer: bytes) -> None:
    [read], _ = asyncio.run(_served([answer], 1))
    assert (read.status, read.body) == (200, b"body")


def test_a_connection_is_used_again_until_the_server_closes_it() -> None:
    keeping = b"HTTP/1.1 200 OK\r\nX-Keep: keep\r\nContent-Length: 0\r\n\r\n"
    closing = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    answers, connections = asyncio.run(_served([keeping, keeping, closing, keeping], 4))
    assert [answer.status for answer in answers] == [200, 200, 204, 200]
    assert connections == 2
    assert answers[0].headers[0] == ("X-Keep", "keep")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody",
            "ConnectionResetError: the server closed the connection",
        ),
        (b"nonsense\r\n\r\n", "HttpParserError"),
        (None, "TimeoutError: nothing came for 0.2 s"),
    ],
    ids=["cut off", "no HTTP", "silence"],
)
def test_anything_less_than_a_whole_answer_in_time_is_an_error(answer: bytes | None, complaint: str) -> None:
    with pytest.raises(HttpClientError, match=complaint):
        asyncio.run(_served([answer], 1))


def test_an_answer_without_a_body_is_not_the_answer_to_the_next_request() -> None:
    first = b"HTTP/1.1 204 No Content\r\nX: keep\r\n\r\n"
    with pytest.raises(HttpClientError, match="closed the connection"):
        asyncio.run(_served([first, b""], 2))


def test_a_change_of_protocol_is_an_error() -> None:
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"
    with pytest.raises(HttpClientError):
        asyncio.run(_served([upgrade], 1))
