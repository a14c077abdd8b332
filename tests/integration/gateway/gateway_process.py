"""A gateway process of the tests' own, and a client that writes and reads bytes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localregion.system.configuration import python_environment


@dataclass
class GatewayProcess:
    process: subprocess.Popen[str]
    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@dataclass
class HttpResponse:
    status_line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.status_line.split()[1])

    def header(self, name: str) -> str | None:
        return next((value for header, value in self.headers if header.lower() == name.lower()), None)


def start(folder: Path, config: dict[str, Any] | None, *arguments: str, port: int = 0) -> subprocess.Popen[str]:
    """Start a gateway with a declarative configuration; None when the arguments name a plan."""
    if config is not None:
        path = folder / "kong.json"
        path.write_text(json.dumps(config))
        arguments = ("--config", str(path), *arguments)
    return subprocess.Popen(
        [sys.executable, "-m", "localregion.kong", "--port", str(port), *arguments],
        env=python_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_gateway(folder: Path, config: dict[str, Any] | None, *arguments: str) -> Iterator[GatewayProcess]:
    process = start(folder, config, *arguments)
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert ready.startswith("gateway ready on "), process.communicate(timeout=10)[1]
        yield GatewayProcess(process, int(ready.rpartition(":")[2]))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()


def request_bytes(method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire; the body is sent in chunks when the headers say so."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if any(name == "Transfer-Encoding" for name, _ in headers):
        body = b"".join(
            f"{len(part):x}\r\n".encode() + part + b"\r\n"
            for part in (body[start : start + 4000] for start in range(0, len(body), 4000))
        )
        body += b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def read_response(connection: socket.socket, *, head_only: bool = False) -> HttpResponse:
    """Read one response. ConnectionError when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    response = HttpResponse(status_line, headers, b"")
    length = int(response.header("Content-Length") or 0)
    if head_only or response.status in (204, 304) or response.status < 200:
        return response
    while len(body) < length:
        body += _more(connection)
    assert len(body) == length
    response.body = body
    return response


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionError("the gateway closed the connection")
    return data
