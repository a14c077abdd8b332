"""GetSecretValue against servers that do not help: the time-out is for the whole call, and nothing repeats a value."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from aws import get_secret
from aws.secrets_manager import SecretUnavailableError

VALUE = "a-value-that-nobody-may-see"
# Far longer than the time-out, and an end for a client that does wait.
TRICKLE_S = 20.0


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[dict[str, str]]:
    """Run `answer` with the first connection, its request read; yield the environment of a client."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": VALUE,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
        }
        thread.join()


def answering(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def trickling(head: bytes) -> Callable[[socket.socket], None]:
    """Send `head`, then a byte at a time."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        ends_at = time.monotonic() + TRICKLE_S
        while time.monotonic() < ends_at:
            connection.sendall(b"x")
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"])
def test_a_trickling_answer_ends_with_the_time_that_is_given(head: bytes) -> None:
    with serving(trickling(head)) as environ, pytest.raises(SecretUnavailableError, match=r"no answer within 0\.300 s"):
        get_secret("broker/x", environ=environ, timeout_s=0.3)
    left = [thread for thread in threading.enumerate() if thread.name == "get-secret"]
    for thread in left:
        thread.join(TRICKLE_S / 2)
    assert not any(thread.is_alive() for thread in left)


def test_a_secret_is_read() -> None:
    body = json.dumps({"SecretString": json.dumps({"username": "u", "password": VALUE})}).encode()
    with serving(answering(body)) as environ:
        assert get_secret("broker/x", environ=environ) == {"username": "u", "password": VALUE}


@pytest.mark.parametrize(
    "body",
    [
        VALUE.encode(),
        json.dumps(VALUE).encode(),
        json.dumps([VALUE]).encode(),
        json.dumps({"SecretString": VALUE}).encode(),
        json.dumps({"SecretString": json.dumps(VALUE)}).encode(),
        json.dumps({"SecretString": json.dumps([VALUE])}).encode(),
        json.dumps({"SecretBinary": VALUE}).encode(),
        json.dumps({"SecretString": {"password": VALUE}}).encode(),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_an_answer_that_cannot_be_read_is_not_repeated(body: bytes, status: str) -> None:
    with serving(answering(body, status)) as environ, pytest.raises(SecretUnavailableError) as raised:
        get_secret("broker/x", environ=environ)
    chain: BaseException | None = raised.value
    while chain is not None:
        assert VALUE not in repr(vars(chain)) + repr(chain)
        chain = chain.__cause__ or chain.__context__


def test_a_server_that_is_not_there_is_named() -> None:
    environ = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": VALUE,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    with pytest.raises(SecretUnavailableError, match="broker/x: ConnectionRefusedError"):
        get_secret("broker/x", environ=environ)
