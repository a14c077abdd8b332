"""The release against a management API that does not help: a call ends at its deadline and says what was refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from release import management_api
from release.management_api import ManagementApi, ManagementApiError


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[ManagementApi]:
    """Run `answer` with the first connection, its request read."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield ManagementApi(f"http://127.0.0.1:{server.getsockname()[1]}", username="admin", password="secret")
        thread.join()


def trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")
    for _ in range(5000):
        connection.sendall(b" ")
        time.sleep(0.02)


def test_an_answer_that_trickles_in_does_not_stretch_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(management_api, "TIMEOUT_S", 0.3)
    with serving(trickle) as api:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            api.get("overview")
        assert 0.29 < time.monotonic() - began < 0.9


def test_a_refusal_names_the_request_and_the_reason() -> None:
    refusal = b'HTTP/1.1 400 Bad Request\r\ncontent-length: 14\r\n\r\n{"error":"bad"}'
    expected = pytest.raises(ManagementApiError, match=r"^PUT /api/queues/%2F/a%2Fb: 400 .*bad")
    with serving(lambda connection: connection.sendall(refusal)) as api, expected:
        api.put("queues", "/", "a/b", document={})
