"""One gateway with the project's own kong.yml for the tests of what it lets in, in front of a scripted Invoke API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.gateway import kong_yml
from tests.integration.gateway.gateway_process import GatewayProcess, running_gateway
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint, running_endpoint


@pytest.fixture(scope="package")
def endpoint() -> Iterator[InvokeEndpoint]:
    with running_endpoint() as running:
        yield running


@pytest.fixture(scope="package")
def gateway(endpoint: InvokeEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, kong_yml.declarative_config(), "--aws-port", str(endpoint.port)) as running:
        yield running
