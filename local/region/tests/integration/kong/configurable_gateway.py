"""A gateway process that is configured while it runs, in front of an Invoke API that answers every call."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from localregion.plan.model import Gateway, Plan
from localregion.system.configuration import python_environment

JSON = {"Content-Type": "application/json"}
UNCONFIGURED = "0" * 32


class InvokeApi(ThreadingHTTPServer):
    """Answers 200 with the consumer that the event names; while `gate` is closed, calls wait."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.gate = Event()
        self.gate.set()
        self.called = Event()


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: InvokeApi

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.called.set()
        self.server.gate.wait(30)
        body = json.dumps({"statusCode": 200, "body": event["headers"].get("x-consumer-username", "")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Collector(ThreadingHTTPServer):
    """Keeps the spans that it gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Batch)
        self.spans: list[dict[str, Any]] = []


class _Batch(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Collector

    def do_POST(self) -> None:
        self.server.spans += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    with server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    port: int, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


@dataclass
class ConfigurableGateway:
    """`port` is the proxy's; no one listens there before the first configuration."""

    process: subprocess.Popen[str]
    port: int
    admin_port: int

    def post(self, config: Any, **headers: str) -> Answer:
        body = config if isinstance(config, bytes) else json.dumps(config).encode()
        return request(self.admin_port, "POST", "/config", body=body, headers=JSON | headers)

    def status(self) -> Any:
        return request(self.admin_port, "GET", "/status").json()["configuration_hash"]

    def get(self, key: str, path: str = "/a") -> Answer:
        return request(self.port, "GET", path, headers={"apikey": key})


def plan_file(folder: Path) -> Path:
    plan = Plan(
        stack="local",
        region="us-east-1",
        account="000000000000",
        functions=[],
        event_source_mappings=[],
        schedules=[],
        invocations=[],
        secrets={},
        gateway=Gateway(version="3.9", declarative_config={"_format_version": "3.0"}),
    )
    path = folder / "plan.json"
    path.write_text(plan.to_json())
    return path


@contextmanager
def running(folder: Path, port: int, *arguments: str) -> Iterator[ConfigurableGateway]:
    options = ["--plan", str(plan_file(folder)), "--port", str(port), "--admin-port", "0", *arguments]
    process = subprocess.Popen(
        [sys.executable, "-m", "localregion.kong", *options],
        env=python_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert ready.startswith("admin API ready on "), process.communicate(timeout=10)[1]
        yield ConfigurableGateway(process, port, int(ready.rpartition(":")[2]))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()


def consumer(name: str, *keys: str, per_minute: int = 100_000) -> dict[str, Any]:
    return {
        "username": name,
        "custom_id": name,
        "keyauth_credentials": [{"key": key} for key in keys],
        "plugins": [{"name": "rate-limiting", "config": {"minute": per_minute, "policy": "local"}}],
    }


def config(*consumers: dict[str, Any]) -> dict[str, Any]:
    call = {
        "function_name": "answer",
        "aws_region": "us-east-1",
        "aws_key": "key",
        "aws_secret": "secret",
        "awsgateway_compatible": True,
        "is_proxy_integration": True,
    }
    plugins = [{"name": "key-auth", "config": {}}, {"name": "aws-lambda", "config": call}]
    route = {"name": "a", "paths": ["/a"], "plugins": plugins}
    return {"_format_version": "3.0", "routes": [route], "consumers": list(consumers)}
