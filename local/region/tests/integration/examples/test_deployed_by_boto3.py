"""The example deployed by boto3 alone into an empty region: the handler logs the message, also after a restart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from integration.examples.own_program import EXAMPLE, OwnProgram, copy_example

from localregion.testing.fixtures import need_rabbitmq

_TIMEOUT_S = 60
DOCUMENTED = EXAMPLE.parents[3] / "docs" / "your-own-program.md"


@pytest.fixture(scope="module")
def region(services_folder: Path) -> Iterator[OwnProgram]:
    need_rabbitmq()
    program = OwnProgram(copy_example(Path(tempfile.mkdtemp(dir=services_folder))))
    try:
        booted = program.run("region")
        assert booted.returncode == 0, booted.stdout + booted.stderr
        yield program
    finally:
        ended = program.run("down")
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def deployed(region: OwnProgram) -> OwnProgram:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "deploy.py"],
        cwd=region.root,
        env={**os.environ, **credentials, "AWS_ENDPOINT_URL": known(region)["aws"]},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return region


def known(region: OwnProgram) -> dict[str, Any]:
    endpoints: dict[str, Any] = json.loads((region.state / "endpoints.json").read_text())
    return endpoints


def wait_for_line(region: OwnProgram, line: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while line not in region.log("greeter").splitlines():
        assert time.monotonic() < deadline, region.log("greeter")
        time.sleep(0.05)


def test_the_handler_logs_the_published_message(deployed: OwnProgram) -> None:
    wait_for_line(deployed, "hello, message 'world'")


def test_what_was_deployed_runs_again_after_a_restart(deployed: OwnProgram) -> None:
    assert deployed.run("down").returncode == 0
    booted = deployed.run("region")
    assert booted.returncode == 0, booted.stdout + booted.stderr

    with pika.BlockingConnection(pika.URLParameters(known(deployed)["amqp"])) as connection:
        connection.channel().basic_publish(exchange="", routing_key="hello", body=b"again")

    wait_for_line(deployed, "hello, message 'again'")


def test_a_program_is_not_booted_beside_what_was_deployed(deployed: OwnProgram) -> None:
    refused = deployed.run("up")

    assert refused.returncode == 1
    assert "holds a region that others deploy into" in refused.stderr


def test_the_documented_calls_are_those_of_the_example() -> None:
    assert f"```python\n{(EXAMPLE / 'deploy.py').read_text()}```" in DOCUMENTED.read_text()
