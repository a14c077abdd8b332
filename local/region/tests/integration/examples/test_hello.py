"""The example program from outside of the checkout: its route, its queue and its schedule reach the function."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest
from integration.examples.own_program import OwnProgram, copy_example

from localregion.services.ports import is_taken
from localregion.testing.fixtures import need_rabbitmq

_TIMEOUT_S = 30


@pytest.fixture(scope="module")
def hello(services_folder: Path) -> Iterator[OwnProgram]:
    need_rabbitmq()
    program = OwnProgram(copy_example(Path(tempfile.mkdtemp(dir=services_folder))))
    # A run that was due before the start comes right after it: nobody waits for a minute to pass.
    memory = program.state / "emulator" / "schedules.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(json.dumps({"every-minute": {"expression": "rate(1 minute)", "due": time.time()}}))
    try:
        booted = program.run("up")
        assert booted.returncode == 0, booted.stdout + booted.stderr
        yield program
    finally:
        ended = program.run("down")
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def endpoints(hello: OwnProgram) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((hello.state / "endpoints.json").read_text())
    return known


def wait_for_line(hello: OwnProgram, line: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while line not in hello.log("greeter").splitlines():
        assert time.monotonic() < deadline, hello.log("greeter")
        time.sleep(0.05)


def test_the_route_answers_what_the_function_returns(hello: OwnProgram, endpoints: dict[str, Any]) -> None:
    answer = httpx.get(f"{endpoints['gateway']}/hello", timeout=_TIMEOUT_S)

    assert (answer.status_code, answer.json()) == (200, {"hello": "/hello"})
    wait_for_line(hello, "hello, request for /hello")


def test_a_published_message_reaches_the_function(hello: OwnProgram, endpoints: dict[str, Any]) -> None:
    with pika.BlockingConnection(pika.URLParameters(endpoints["amqp"])) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("", "hello", b"from the test", mandatory=True)

    wait_for_line(hello, "hello, message 'from the test'")


def test_the_schedule_fires(hello: OwnProgram) -> None:
    wait_for_line(hello, "hello, schedule every-minute")


def test_the_queue_of_the_project_is_a_quorum_queue(endpoints: dict[str, Any]) -> None:
    login = (endpoints["management_user"], endpoints["management_password"])
    queue = httpx.get(f"{endpoints['management']}/api/queues/%2F/hello", auth=login, timeout=_TIMEOUT_S).json()

    assert (queue["type"], queue["durable"]) == ("quorum", True)


def test_all_of_it_is_healthy_and_has_no_database(hello: OwnProgram, endpoints: dict[str, Any]) -> None:
    status = hello.run("status")

    assert status.returncode == 0, status.stdout
    assert "hello                 Enabled" in status.stdout
    assert "postgres" not in status.stdout
    assert "postgres" not in endpoints
    assert not is_taken(hello.ports.postgres)


def test_the_console_shows_the_parts_that_there_are(endpoints: dict[str, Any]) -> None:
    overview = httpx.get(f"{endpoints['console']}/api/overview", timeout=_TIMEOUT_S).json()

    assert {name: part["state"] for name, part in overview["parts"].items()} == dict.fromkeys(
        ("gateway", "emulator", "rabbitmq", "console"), "up"
    )


def test_what_the_program_lacks_is_said(hello: OwnProgram) -> None:
    stopped, shell = hello.run("stop", "postgres"), hello.run("psql")

    assert (stopped.returncode, stopped.stderr) == (1, "error: postgres: the program has no database\n")
    assert (shell.returncode, shell.stderr) == (1, "error: the program has no database\n")


def test_a_program_that_cannot_run_is_refused_before_anything_starts(tmp_path: Path) -> None:
    program = OwnProgram(copy_example(tmp_path))
    (program.root / "functions" / "greeter").rename(tmp_path / "elsewhere")
    refused = program.run("up")

    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "error: aws:lambda/function:Function 'greeter': the source of dist/functions/greeter"
    )
    assert refused.stdout == ""
    assert not list((program.state / "run").glob("*.process.json"))
    # What is deployed is made elsewhere: the plan needs no sources.
    assert program.run("plan").returncode == 0


def test_up_again_declares_a_queue_that_was_added_and_keeps_the_one_there_is(hello: OwnProgram) -> None:
    file = hello.root / "pyproject.toml"
    file.write_text(file.read_text().replace('["hello"]', '["hello", "later"]'))
    again = hello.run("up")

    assert again.returncode == 0, again.stderr
    known = json.loads((hello.state / "endpoints.json").read_text())
    login = (known["management_user"], known["management_password"])
    queues = httpx.get(f"{known['management']}/api/queues/%2F", auth=login, timeout=_TIMEOUT_S).json()
    assert {"hello", "later"} <= {queue["name"] for queue in queues}
