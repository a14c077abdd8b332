"""A gateway without a configuration for each test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.kong.configurable_gateway import ConfigurableGateway, InvokeApi, running, running_invoke_api


@pytest.fixture
def invoke_api() -> Iterator[InvokeApi]:
    with running_invoke_api() as server:
        yield server


@pytest.fixture
def gateway(invoke_api: InvokeApi, tmp_path: Path) -> Iterator[ConfigurableGateway]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(tmp_path, port, "--aws-port", str(invoke_api.server_address[1])) as started:
        yield started
