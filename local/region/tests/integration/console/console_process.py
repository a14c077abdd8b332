"""A console process before stand-ins for gateway, emulator and RabbitMQ, and before a real Postgres."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from tests.plain_http import NO_TLS

from localregion.system.configuration import python_environment
from localregion.system.endpoints import write
from localregion.system.folder import Folder


@dataclass
class Neighbours:
    """What the stand-ins answer, by method and path, and what they were asked."""

    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """One server for all of them: their paths differ."""

    neighbours: Neighbours

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *arguments: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.neighbours.asked.append((path, headers, json.loads(body) if body else None))
        status, document = self.neighbours.answers.get((self.command, path), (404, {"message": "no Route"}))
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@dataclass
class RunningConsole:
    """A console, an HTTP client for it, and its neighbours."""

    folder: Folder
    neighbours: Neighbours
    client: httpx.Client
    port: int
    process: subprocess.Popen[str]

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()


@contextmanager
def console_of(project: Path, state: Path, plan: dict[str, Any], known: dict[str, Any]) -> Iterator[RunningConsole]:
    """A project's console, before stand-ins; `known` is added to what endpoints.json says of them."""
    folder = Folder(state)
    folder.make()
    with neighbours_server() as (neighbours, url), _process(project, state) as (process, port):
        stand_ins = {"gateway": url, "aws": url, "management": url}
        write(folder, {**stand_ins, "management_user": "mq", "management_password": "secret", **known})
        folder.plan.write_text(json.dumps(plan))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=NO_TLS) as client:
            yield RunningConsole(folder, neighbours, client, port, process)


@contextmanager
def _process(project: Path, state: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A console process on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "localregion.console", "--state", str(state), "--port", "0"],
        env=python_environment(),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert ready.startswith("console ready on "), process.communicate(timeout=10)[1]
        yield process, int(ready.rpartition(":")[2])
    finally:
        process.terminate()
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.communicate()


@contextmanager
def neighbours_server() -> Iterator[tuple[Neighbours, str]]:
    """The stand-ins, listening; and their address."""
    neighbours = Neighbours()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"neighbours": neighbours}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield neighbours, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
