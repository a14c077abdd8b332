"""A function under the real runtime client, started and invoked by a stopwatch: the smallest Runtime API there is.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. One process, one invocation at a time, blocking sockets,
nothing between the client and the clock. The emulator has its own, which is what other rows measure.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

START_TIMEOUT_S = 180.0
FUNCTION_TIMEOUT_S = 30
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class FunctionFailedError(Exception):
    """The function could not be initialised or answered with an error; the text is what it said."""


class Request(NamedTuple):
    connection: socket.socket
    path: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a function is started."""

    handler: str
    environment: Mapping[str, str]
    cwd: Path
    log: Path


class RuntimeClient:
    """Use as a context manager; the process is killed at the end."""

    def __init__(self, start: Start) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        with start.log.open("ab") as log:
            self.started_at = time.perf_counter()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", start.handler],
                cwd=start.cwd,
                env={**start.environment, "AWS_LAMBDA_RUNTIME_API": address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.answered_at = self.started_at
        self._next: socket.socket | None = None

    def __enter__(self) -> RuntimeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for connection in (self._listener, *self._connections):
            connection.close()

    def wait_until_ready(self) -> float:
        """Return when the function first asks for an invocation, on the clock of `started_at`."""
        self._await_next()
        return time.perf_counter()

    def invoke(self, payload: bytes) -> bytes:
        """Return the function's answer. Raises FunctionFailedError."""
        if self._next is None:
            self._await_next()
        if self._next is not None:
            self._next.sendall(_invocation(payload))
        self._next = None
        answer = self._receive()
        self.answered_at = time.perf_counter()
        answer.connection.sendall(_ACCEPTED)
        if not answer.path.endswith("/response"):
            raise FunctionFailedError(answer.body.decode(errors="replace"))
        return answer.body

    def _await_next(self) -> None:
        request = self._receive()
        if not request.path.endswith("/invocation/next"):
            raise FunctionFailedError(request.body.decode(errors="replace"))
        self._next = request.connection

    def _receive(self) -> Request:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            readable, _, _ = select.select([self._listener, *self._connections], [], [], 1.0)
            for source in readable:
                if source is self._listener:
                    self._connections.append(source.accept()[0])
                elif (request := read_request(source)) is not None:
                    return request
                else:
                    self._connections.remove(source)
                    source.close()
        raise FunctionFailedError("the function's process ended or did not say anything")


def read_request(connection: socket.socket) -> Request | None:
    """Return one HTTP request, whole; None at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65_536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    request_line, *headers = head.decode("latin-1").split("\r\n")
    length = next((int(line.split(":")[1]) for line in headers if line.lower().startswith("content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return Request(connection, request_line.split(" ")[1], body)


def _invocation(payload: bytes) -> bytes:
    deadline_ms = int((time.time() + FUNCTION_TIMEOUT_S) * 1000)
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {uuid.uuid4()}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload
