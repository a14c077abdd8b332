"""An emulator for a test module: tiny functions in a temporary project, a real process, a real boto3 client."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import httpx
import pytest
from botocore.exceptions import ClientError
from tests.plain_http import NO_TLS

PROJECT_ROOT = Path(__file__).parents[5]
PYTHON_PATH = (PROJECT_ROOT / "local" / "region", PROJECT_ROOT / "local" / "region" / "tests")


def function(name: str, handler: str, **changes: Any) -> dict[str, Any]:
    """Return a function of a plan, whose code is `functions/<first part of its handler>`."""
    entry = {
        "name": name,
        "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "handler": handler,
        "runtime": "python3.13",
        "architecture": "arm64",
        "memory_mb": 128,
        "timeout_s": 30,
        "environment": {},
        "code": f"dist/functions/{handler.partition('.')[0]}.zip",
        "layers": ["dist/layers/dependencies.zip"],
        "reserved_concurrency": None,
        "aliases": ["live"],
    }
    return {**entry, **changes}


def plan_of(functions: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    plan = {
        "version": 1,
        "stack": "local",
        "region": "us-east-1",
        "account": "000000000000",
        "functions": functions,
        "event_source_mappings": [],
        "schedules": [],
        "invocations": [],
        "secrets": {"database/orders": {"username": "orders", "password": {"$secret": "database/orders"}}},
        "database": {"engine_version": "18", "name": "orders", "admin_secret": "database/orders"},
        "broker": {"engine_version": "4.2", "admin_secret": "database/orders"},
        "gateway": {"version": "3.9", "declarative_config": {}},
    }
    return {**plan, **changes}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Return the condition's first true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"still not so after {seconds} s")


@dataclass
class RunningEmulator:
    """`folder` is the project's root; its functions must be written before `start`."""

    folder: Path
    plan: dict[str, Any]
    arguments: list[str] = field(default_factory=list)
    module: str = "localregion.aws"
    broker_endpoint: str = "amqp://127.0.0.1:1"
    secrets: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"database/orders": {"username": "orders", "password": "hidden"}}
    )
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def start(self) -> None:
        self.launch()
        wait_until(self.answers)

    def launch(self) -> None:
        (self.folder / "plan.json").write_text(json.dumps(self.plan))
        (self.folder / "values.json").write_text(json.dumps({"broker.endpoint": self.broker_endpoint}))
        (self.folder / "secrets.json").write_text(json.dumps(self.secrets))
        command = [sys.executable, "-m", self.module, "--state", str(self.state), "--root", str(self.folder)]
        for name in ("plan", "values", "secrets"):
            command += [f"--{name}", str(self.folder / f"{name}.json")]
        with (self.folder / "emulator.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.arguments],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PYTHON_PATH)), "LEAKED": "1"},
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "emulator.log").read_text())
        try:
            return httpx.get(f"{self.url}/_emulator/status", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the emulator with a signal; return its exit code."""
        assert self.process is not None
        # Collected as garbage, their sockets would be a warning in some later test.
        for client in self._clients.values():
            client.close()
        self.process.send_signal(number)
        return self.process.wait(30)

    def client(self, service: str = "lambda") -> Any:
        """Return a boto3 client: one for each service, since making one reads megabytes of descriptions."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=50)
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=config,
        )

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = httpx.get(f"{self.url}/_emulator/status", verify=NO_TLS).json()
        return status

    def environments(self, name: str) -> list[dict[str, Any]]:
        return next(entry["environments"] for entry in self.status()["functions"] if entry["name"] == name)

    def log(self, name: str) -> str:
        path = self.state / "logs" / "functions" / f"{name}.log"
        return path.read_text() if path.exists() else ""


def write_function(folder: Path, package: str, source: str, *, module: str = "handler") -> Path:
    path = folder / "functions" / package / f"{module}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return path


def invoke(client: Any, name: str, event: Any = None, **parameters: Any) -> tuple[Any, dict[str, Any]]:
    """Invoke `name`; return the payload that it answered, parsed, beside the whole answer of the API."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), **parameters)
    return json.loads(answer["Payload"].read()), answer


def refusal(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Return what the API answered to a call that it must refuse."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response
