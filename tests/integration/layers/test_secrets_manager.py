"""GetSecretValue against servers that do not help: the time-out is for the whole call, and nothing repeats a value."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.layers.certificates import Authority

from aws import credentials, get_secret
from aws.secrets_manager import SecretUnavailableError

VALUE = "a-value-that-nobody-may-see"
# Far longer than the time-out, and an end for a client that does wait.
TRICKLE_S = 20.0


@contextmanager
def serving(
    answer: Callable[[socket.socket], None],
    *,
    context: ssl.SSLContext | None = None,
    requests: list[bytes] | None = None,
) -> Iterator[dict[str, str]]:
    """Run `answer` with the first connection, its request read; yield the environment of a client."""
    scheme = "http" if context is None else "https"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            plain, _ = server.accept()
            with plain, contextlib.suppress(OSError):
                connection = plain if context is None else context.wrap_socket(plain, server_side=True)
                with connection:
                    asked = whole_request(connection)
                    if requests is not None:
                        requests.append(asked)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": VALUE,
            "AWS_ENDPOINT_URL": f"{scheme}://127.0.0.1:{server.getsockname()[1]}",
        }
        thread.join()


def whole_request(connection: socket.socket) -> bytes:
    """Read head and body, which may come apart: a server that closes with something unread resets the connection."""
    asked = b""
    while b"\r\n\r\n" not in asked and (more := connection.recv(65_536)):
        asked += more
    head, _, body = asked.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (more := connection.recv(65_536)):
        body += more
        asked += more
    return asked


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


CONTAINER_CREDENTIALS = {"AccessKeyId": "AKID-OF-SNAPSTART", "SecretAccessKey": VALUE, "Token": "token"}


@contextmanager
def snap_start(answer: Callable[[socket.socket], None]) -> Iterator[dict[str, str]]:
    """The variables of a function that gets its credentials from an endpoint."""
    with serving(answer) as environ:
        yield {
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{environ['AWS_ENDPOINT_URL']}/2021-08-20/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": VALUE,
        }


def test_the_credentials_of_snap_start_are_asked_for_with_the_token() -> None:
    requests: list[bytes] = []
    answer = answering(json.dumps(CONTAINER_CREDENTIALS).encode())
    with serving(answer, requests=requests) as environ:
        found = credentials.load(
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{environ['AWS_ENDPOINT_URL']}/2021-08-20/credentials?a=b",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-token",
            }
        )
    assert (found.access_key_id, found.secret_access_key, found.session_token) == ("AKID-OF-SNAPSTART", VALUE, "token")
    assert requests[0].startswith(b"GET /2021-08-20/credentials?a=b HTTP/1.1\r\n")
    assert b"\r\nauthorization: the-token\r\n" in requests[0].lower()


def test_credentials_that_are_refused_or_trickle_are_a_secret_that_is_not_available() -> None:
    refused = answering(json.dumps(VALUE).encode(), "403 Forbidden")
    with snap_start(refused) as environ, pytest.raises(SecretUnavailableError, match="endpoint answered 403"):
        get_secret("broker/x", environ=environ)
    trickled = trickling(b"HTTP/1.1 200 OK\r\nx-slow: ")
    with snap_start(trickled) as environ, pytest.raises(SecretUnavailableError, match=r"no answer within 0\.300 s"):
        get_secret("broker/x", environ=environ, timeout_s=0.3)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority(tmp_path, "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def test_a_secret_is_read_from_a_server_that_is_who_it_says(trusted: Authority) -> None:
    body = json.dumps({"SecretString": json.dumps({"password": VALUE})}).encode()
    with serving(answering(body), context=trusted.server("127.0.0.1")) as environ:
        assert get_secret("broker/x", environ=environ) == {"password": VALUE}


def test_no_request_is_sent_to_a_server_that_is_another(trusted: Authority) -> None:
    requests: list[bytes] = []
    with (
        serving(answering(b"{}"), context=trusted.server("127.0.0.2"), requests=requests) as environ,
        pytest.raises(SecretUnavailableError, match="IP address mismatch"),
    ):
        get_secret("broker/x", environ=environ)
    assert requests == []
