"""A gateway without a configuration for each test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.kong.configurable_gateway import Collector, ConfigurableGateway, InvokeApi, running, serving


@pytest.fixture
def invoke_api() -> Iterator[InvokeApi]:
    server = InvokeApi()
    with serving(server):
        yield server
        server.gate.set()


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    with serving(server):
        yield server


@pytest.fixture
def gateway(invoke_api: InvokeApi, collector: Collector, tmp_path: Path) -> Iterator[ConfigurableGateway]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [
        f"--aws-port={invoke_api.server_port}",
        f"--spans-endpoint=http://127.0.0.1:{collector.server_port}/spans",
    ]
    with running(tmp_path, port, *options) as started:
        yield started
