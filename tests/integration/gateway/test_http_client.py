"""The gateway's HTTP client against servers that frame their answers in every way, and against those that fail."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localregion.kong.http_client import HttpClient, Server, Timeouts
from localregion.kong.http_connection import HEAD_MAX_BYTES, HttpAnswer, HttpClientError

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
TIMEOUT = Timeouts(connect_s=5, read_s=0.2)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def _client_and_server(
    serve: Serve, *, keepalive_s: float = 60, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[HttpClient, Server]]:
    handlers: list[Any] = []

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            try:
                await serve(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    client = HttpClient(keepalive_s=keepalive_s)
    async with await asyncio.start_server(serve_and_close, "127.0.0.1", 0, ssl=tls) as listener:
        try:
            yield client, Server("127.0.0.1", listener.sockets[0].getsockname()[1], is_tls=tls is not None)
        finally:
            await client.close()
            await asyncio.gather(*handlers)


async def _served(
    answers: list[bytes | None], requests: int, *, keepalive_s: float = 60
) -> tuple[list[HttpAnswer], int]:
    """Send requests to a server with these answers, None to be silent; return what came, over how many connections."""
    left, connections = iter(answers), 0

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

    async with _client_and_server(serve, keepalive_s=keepalive_s) as (client, server):
        return [await client.send(server, REQUEST, TIMEOUT) for _ in range(requests)], connections


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
            "the server closed the connection amid its answer",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody", "closed the connection amid its answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection amid its answer"),
        (b"", "the server closed the connection$"),
        (b"nonsense\r\n\r\n", "the answer is no HTTP: Expected HTTP/"),
        (None, "the server said nothing for 0.2 s"),
        (b"HTTP/1.1 200 OK\r\nX: keep\r\nContent-Length: 40\r\n\r\nbody", "said nothing for 0.2 s"),
    ],
    ids=["cut off", "cut off in chunks", "cut off in the head", "closed", "no HTTP", "silence", "silence in the body"],
)
def test_anything_less_than_a_whole_answer_in_time_is_an_error(answer: bytes | None, complaint: str) -> None:
    with pytest.raises(HttpClientError, match=complaint):
        asyncio.run(_served([answer], 1))


def test_an_answer_without_a_body_is_not_the_answer_to_the_next_request() -> None:
    first = b"HTTP/1.1 204 No Content\r\nX: keep\r\n\r\n"
    with pytest.raises(HttpClientError, match=r"the server closed the connection$"):
        asyncio.run(_served([first, b""], 2))


def test_a_head_without_an_end_is_an_error() -> None:
    endless = b"HTTP/1.1 200 OK\r\nX-Keep: " + b"x" * HEAD_MAX_BYTES
    with pytest.raises(HttpClientError, match="head is too long"):
        asyncio.run(_served([endless], 1))


def test_odd_headers_are_read() -> None:
    odd = b"X-Empty:\r\nX-Spaces:  a \t\r\nX-Octet: \xe9\r\nX-Folded: a\r\n b\r\nX-Feed: c\nContent-Length: 0\r\n\r\n"
    [read], _ = asyncio.run(_served([b"HTTP/1.1 200 OK\r\n" + odd], 1))
    expected = [("X-Empty", ""), ("X-Spaces", "a"), ("X-Octet", "\xe9"), ("X-Folded", "a b"), ("X-Feed", "c")]
    assert read.headers[:-1] == expected


def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def run() -> None:
        async with _client_and_server(serve) as (client, server):
            for _ in range(3):
                assert (await client.send(server, REQUEST, TIMEOUT)).status == 200
                await asyncio.sleep(0.05)

    asyncio.run(run())
    assert connections == 3


def test_a_request_that_is_given_up_takes_its_connection_with_it() -> None:
    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        ended.append(await reader.read())

    async def run() -> None:
        async with _client_and_server(serve) as (client, server):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.send(server, REQUEST, Timeouts(connect_s=5, read_s=60))
            await asyncio.sleep(0.05)
            assert ended == [REQUEST]

    ended: list[bytes] = []
    asyncio.run(run())


def test_a_change_of_protocol_is_an_error() -> None:
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"
    with pytest.raises(HttpClientError, match="changes the protocol"):
        asyncio.run(_served([upgrade], 1))


def test_what_a_server_says_unasked_is_not_the_answer_to_the_next_request() -> None:
    answer = b"HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n"
    has_answer, answers = asyncio.Event(), iter([200, 202])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer % next(answers))
        await has_answer.wait()
        writer.write(answer % 500)
        await reader.read()

    async def run() -> list[int]:
        async with _client_and_server(serve) as (client, server):
            first = await client.send(server, REQUEST, TIMEOUT)
            has_answer.set()
            await asyncio.sleep(0.05)
            return [first.status, (await client.send(server, REQUEST, TIMEOUT)).status]

    assert asyncio.run(run()) == [200, 202]


def test_a_large_request_to_a_server_that_reads_nothing_ends_in_time() -> None:
    """The kernel accepts the connection and takes what fits in its buffers."""

    async def run(server: Server) -> None:
        client = HttpClient()
        with pytest.raises(HttpClientError, match=r"said nothing for 0\.2 s"):
            await client.send(server, REQUEST + bytes(32 * 1024 * 1024), TIMEOUT)
        await client.close()

    with socket.create_server(("127.0.0.1", 0)) as frozen:
        began = time.monotonic()
        asyncio.run(run(Server(*frozen.getsockname())))
        assert time.monotonic() - began < 5


def test_a_handshake_that_never_ends_is_given_up_in_time() -> None:
    async def run(server: Server) -> None:
        client = HttpClient()
        with pytest.raises(HttpClientError, match="Timeout"):
            await client.send(server, REQUEST, Timeouts(connect_s=0.2, read_s=60))
        await client.close()

    with socket.create_server(("127.0.0.1", 0)) as frozen:
        began = time.monotonic()
        asyncio.run(run(Server(*frozen.getsockname(), is_tls=True)))
        assert 0.2 <= time.monotonic() - began < 5


def test_redirects_are_answers_and_compressed_bodies_stay_so() -> None:
    compressed = gzip.compress(b"body")
    answer = (
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\nX-Keep: keep\r\n"
    )
    answer += b"Content-Length: %d\r\n\r\n%b" % (len(compressed), compressed)
    answers, connections = asyncio.run(_served([answer, answer], 2))
    assert [(read.status, read.body) for read in answers] == [(302, compressed)] * 2
    assert connections == 1


def test_a_large_answer_with_long_headers_is_read_whole() -> None:
    body = bytes(6 * 1024 * 1024)
    head = b"".join(b"X-%d: keep\r\n" % number for number in range(300)) + b"X-Long: " + b"x" * 30_000
    [read], _ = asyncio.run(
        _served([b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body)], 1)
    )
    assert (len(read.headers), read.headers[300], read.body) == (302, ("X-Long", "x" * 30_000), body)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    [read], _ = asyncio.run(_served([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], 1))
    assert read.status == 200


def test_an_idle_connection_is_used_for_its_time_only() -> None:
    keeping = b"HTTP/1.1 200 OK\r\nX-Keep: keep\r\nContent-Length: 0\r\n\r\n"
    _, connections = asyncio.run(_served([keeping, keeping], 2, keepalive_s=0))
    assert connections == 2


def test_what_is_sent_is_what_was_given() -> None:
    """No header is added, nothing is quoted: the signature covers each byte."""
    request = b"POST /a%2Fb:c~d?Qualifier=%24LATEST HTTP/1.1\r\nhOST: a\r\nX-\xe9: \xe9\r\nContent-Length: 2\r\n\r\n{}"
    received = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readexactly(len(request)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        received.append(await reader.read())

    async def run() -> None:
        async with _client_and_server(serve) as (client, server):
            await client.send(server, request, TIMEOUT)

    asyncio.run(run())
    assert received == [request, b""]


def test_a_certificate_is_not_verified(tmp_path: Path) -> None:
    """It has another name, has expired, and is self-signed: Kong's plugin does not check it either."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        await reader.read()

    async def run() -> HttpAnswer:
        async with _client_and_server(serve, tls=_tls(tmp_path)) as (client, server):
            return await client.send(server, REQUEST, TIMEOUT)

    assert asyncio.run(run()).body == b"body"


def _tls(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other.test")])
    ended = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ended - timedelta(days=1))
        .not_valid_after(ended)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    encryption = serialization.NoEncryption()
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context
