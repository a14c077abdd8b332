"""Requests to a server of real sockets: one time-out for the whole call, no proxy, no redirect."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from localregion import http_client
from localregion.http_client import HttpClient, HttpError


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, and with the status that stands in the path."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[tuple[str, int]]] = set()

    def answer(self) -> None:
        self.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = {"method": self.command, "path": self.path, "body": body.decode(), "headers": dict(self.headers)}
        text = b"" if "empty" in self.path else b"{no" if "broken" in self.path else json.dumps(asked).encode()
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Location", "/200/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Echo.connections = set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


@contextlib.contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes one connection and does with it what the test wants."""

    def run() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            behave(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def test_a_document_goes_out_and_comes_back_as_json(server: str) -> None:
    asked = http_client.call("PUT", f"{server}/200/a/?b=c%2F", {"d": [1]}, headers={"X-E": "f"})
    assert (asked["method"], asked["path"], asked["body"]) == ("PUT", "/200/a/?b=c%2F", '{"d": [1]}')
    assert (asked["headers"]["Content-Type"], asked["headers"]["X-E"]) == ("application/json", "f")


def test_an_empty_answer_is_none_and_a_broken_one_an_error(server: str) -> None:
    assert http_client.call("DELETE", f"{server}/204/empty") is None
    with pytest.raises(HttpError, match="no JSON") as raised:
        http_client.call("GET", f"{server}/200/broken")
    assert raised.value.body == b"{no"


def test_a_status_without_success_is_an_error_with_the_answers_body(server: str) -> None:
    with pytest.raises(HttpError, match=r"^POST http://127.0.0.1:\d+/409: 409 \{") as raised:
        http_client.call("POST", f"{server}/409", {})
    assert raised.value.status == 409
    assert json.loads(raised.value.body)["method"] == "POST"
    assert http_client.request("POST", f"{server}/409", {}).status == 409


def test_no_redirect_is_followed(server: str) -> None:
    answer = http_client.request("GET", f"{server}/307")
    assert (answer.status, answer.headers["location"]) == (307, "/200/elsewhere")
    with pytest.raises(HttpError):
        http_client.call("GET", f"{server}/307")


def test_a_proxy_of_the_environment_means_nothing(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert http_client.request("GET", f"{server}/200").status == 200


def test_a_client_keeps_its_connection_and_opens_another_one_after_a_failure(server: str) -> None:
    with contextlib.closing(HttpClient(server, timeout_s=5)) as client:
        assert [client.request("GET", "/200").status, client.request("POST", "/201", {}).status] == [200, 201]
        assert len(Echo.connections) == 1
        client.close()
        assert client.request("GET", "/200").status == 200
        assert len(Echo.connections) == 2


def test_each_call_of_a_client_has_the_whole_time(server: str) -> None:
    with contextlib.closing(HttpClient(server, timeout_s=0.5)) as client:
        for _ in range(3):
            time.sleep(0.25)
            assert client.request("GET", "/200").status == 200


def drip(connection: socket.socket) -> None:
    connection.recv(65_536)
    for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b" " * 5000:
        connection.sendall(bytes([octet]))
        time.sleep(0.02)


def deaf(connection: socket.socket) -> None:
    time.sleep(1)


@pytest.mark.parametrize(("behave", "document"), [(drip, None), (deaf, None), (deaf, "x" * 50_000_000)])
def test_the_time_is_over_for_a_peer_that_drips_is_silent_or_reads_nothing(
    behave: Callable[[socket.socket], None], document: str | None
) -> None:
    with peer(behave) as url:
        began = time.monotonic()
        with pytest.raises(HttpError, match=r"no answer within 0.3 s") as raised:
            http_client.call("POST", url, document, timeout_s=0.3)
        assert 0.29 < time.monotonic() - began < 20
    assert raised.value.status is None


@pytest.mark.parametrize("said", [b"", b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])
def test_a_peer_that_ends_in_the_middle_or_speaks_no_http_is_an_error(said: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(said)

    with peer(behave) as url, pytest.raises(HttpError) as raised:
        http_client.call("GET", url, timeout_s=5)
    assert raised.value.status is None
    assert raised.value.reason


def test_a_port_that_nobody_listens_on_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(HttpError, match="refused"):
        http_client.call("GET", f"http://127.0.0.1:{port}/")
