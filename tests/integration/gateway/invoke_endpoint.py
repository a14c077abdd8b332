"""A scripted Invoke endpoint: says what it is told to, byte for byte, and keeps what it was sent."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any


@dataclass
class Received:
    request_line: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Script:
    """What to do with the next requests: `behaviour` as in the recordings (delay, reset, truncate)."""

    status_line: str = "HTTP/1.1 200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b'{"statusCode": 200, "body": "{}"}'
    behaviour: dict[str, Any] = field(default_factory=dict)
    # Set: requests wait for it.
    gate: threading.Event | None = None


class InvokeEndpoint(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.script = Script()
        self.received: list[Received] = []
        self.connections = 0
        self.stopping = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def play(self, script: Script) -> None:
        self.received.clear()
        self.script = script


class _Connection(socketserver.StreamRequestHandler):
    server: InvokeEndpoint

    def handle(self) -> None:
        self.server.connections += 1
        while (received := self._read()) is not None:
            self.server.received.append(received)
            if not self._answer(self.server.script):
                return

    def _read(self) -> Received | None:
        request_line = self.rfile.readline().decode().strip()
        if not request_line:
            return None
        headers = []
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name == "Content-Length"), 0)
        return Received(request_line, headers, self.rfile.read(length))

    def _answer(self, script: Script) -> bool:
        if script.gate is not None:
            script.gate.wait(30)
        if delay := script.behaviour.get("delay"):
            self.server.stopping.wait(delay)
        if script.behaviour.get("reset"):
            self.request.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            return False
        lines = [script.status_line, *(f"{name}: {value}" for name, value in script.headers)]
        head = "\r\n".join([*lines, f"Content-Length: {len(script.body)}", "", ""]).encode()
        truncated = bool(script.behaviour.get("truncate"))
        self.wfile.write(head + (script.body[: len(script.body) // 2] if truncated else script.body))
        return not truncated


@contextmanager
def running_endpoint() -> Iterator[InvokeEndpoint]:
    with InvokeEndpoint() as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield endpoint
        finally:
            endpoint.stopping.set()
            endpoint.shutdown()
            thread.join()
