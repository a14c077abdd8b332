"""The gateway gets its configurations while it runs: nothing is dropped, and what is gone is refused at once."""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from integration.kong.configurable_gateway import (
    UNCONFIGURED,
    ConfigurableGateway,
    InvokeApi,
    config,
    consumer,
    plan_file,
    request,
)

from localregion.system.configuration import python_environment

CLIENTS = 8
RELOADS = 20
ANSWERS_EACH = 20


def test_the_port_opens_with_the_first_configuration(gateway: ConfigurableGateway) -> None:
    assert gateway.status() == UNCONFIGURED
    with pytest.raises(ConnectionRefusedError):
        gateway.get("k")
    posted = config(consumer("one", "k"))
    assert gateway.post(posted).status == 201
    assert gateway.status() == hashlib.md5(json.dumps(posted).encode(), usedforsecurity=False).hexdigest()
    assert gateway.process.stdout is not None
    assert gateway.process.stdout.readline() == f"gateway ready on http://127.0.0.1:{gateway.port}\n"
    assert (gateway.get("k").status, gateway.get("k").body) == (200, b"one")
    assert gateway.get("other").status == 401


@pytest.mark.parametrize(
    "text", ["_format_version: '3.0'\nconsumers: [{username: one}]\n", '{"_format_version": "3.0"}']
)
def test_a_configuration_may_be_a_text_in_yaml_or_json(gateway: ConfigurableGateway, text: str) -> None:
    assert gateway.post({"config": text}).status == 201
    assert gateway.get("k").status == 404


def test_reloads_under_load_fail_no_request(gateway: ConfigurableGateway) -> None:
    """Half of the clients keep their connection, half open one for each request."""
    names = [f"client-{number}" for number in range(CLIENTS)]
    stays = [consumer(name, f"key-{name}") for name in names]
    assert gateway.post(config(*stays)).status == 201
    done = threading.Event()
    seen: dict[str, list[tuple[int, bytes]]] = {name: [] for name in names}

    def call(name: str, *, keeps_connection: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        while not done.is_set():
            connection.request("GET", "/a", headers={"apikey": f"key-{name}"})
            response = connection.getresponse()
            seen[name].append((response.status, response.read()))
            if not keeps_connection:
                connection.close()
        connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        calls = [pool.submit(call, name, keeps_connection=number % 2 == 0) for number, name in enumerate(names)]
        try:
            reloads = 0
            while reloads < RELOADS or min(map(len, seen.values())) < ANSWERS_EACH:
                assert not any(running.done() for running in calls)
                more = [consumer(f"more-{reloads}-{each}", f"m-{reloads}-{each}") for each in range(200)]
                assert gateway.post(config(*stays, *more)).status == 201
                reloads += 1
        finally:
            done.set()
        for running in calls:
            running.result(30)
    assert {name: set(answers) for name, answers in seen.items()} == {name: {(200, name.encode())} for name in names}
    assert gateway.get(f"m-{reloads - 1}-199").body == f"more-{reloads - 1}-199".encode()
    assert gateway.get(f"m-{reloads - 2}-199").status == 401


def test_a_request_that_runs_ends_with_the_configuration_it_began_with(
    gateway: ConfigurableGateway, invoke_api: InvokeApi
) -> None:
    assert gateway.post(config(consumer("one", "k"))).status == 201
    invoke_api.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(gateway.get, "k")
        assert invoke_api.called.wait(10)
        assert gateway.post(config(consumer("two", "other"))).status == 201
        # Refused at once, while the other still waits for its function.
        assert gateway.get("k").status == 401
        invoke_api.gate.set()
        answer = running.result(10)
    assert (answer.status, answer.body) == (200, b"one")


def test_a_configuration_that_is_refused_leaves_the_former(gateway: ConfigurableGateway) -> None:
    gateway.post(config(consumer("one", "k")))
    loaded = gateway.status()
    twice = gateway.post(config(consumer("one", "secret-key"), consumer("two", "secret-key")))
    assert twice.status == 400
    assert twice.json()["code"] == 14
    assert twice.json()["name"] == "invalid declarative configuration"
    assert "uniqueness violation: 'keyauth_credentials'" in twice.json()["message"]
    assert b"secret-key" not in twice.body
    unanswered = {"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/a"]}]}
    assert "no aws-lambda plugin" in gateway.post(unanswered).json()["message"]
    assert gateway.post(b"{").json()["message"] == "Cannot parse JSON body"
    assert "expected an object" in gateway.post([]).json()["message"]
    assert "in '_format_version': required field missing" in gateway.post({"consumers": []}).json()["message"]
    assert "failed parsing declarative configuration: 2:1: " in gateway.post({"config": "a: ["}).json()["message"]
    assert "it is no YAML" in gateway.post({"config": "a: \x00"}).json()["message"]
    assert gateway.status() == loaded
    assert gateway.get("k").status == 200


def test_a_configuration_that_the_gateway_fails_at_leaves_the_former(gateway: ConfigurableGateway) -> None:
    """Half of a surrogate pair, as JSON can say it, has no bytes in UTF-8."""
    gateway.post(config(consumer("one", "k")))
    failed = gateway.post(config(consumer("\ud800", "l")))
    assert (failed.status, failed.json()) == (500, {"message": "An unexpected error occurred"})
    assert gateway.get("k").status == 200
    assert gateway.post(config(consumer("two", "l"))).status == 201


def test_a_first_configuration_that_is_refused_opens_nothing(gateway: ConfigurableGateway) -> None:
    assert gateway.post({"_format_version": "9"}).status == 400
    assert gateway.status() == UNCONFIGURED
    with pytest.raises(ConnectionRefusedError):
        gateway.get("k")


def test_what_was_counted_stays_counted(gateway: ConfigurableGateway) -> None:
    """Also under another key, and when consumers before it have come and gone; a new limit counts from there."""
    _wait_for_room_in_the_minute()
    gateway.post(config(consumer("first", "f"), consumer("one", "k", per_minute=3)))
    assert [gateway.get("k").status for _ in range(2)] == [200, 200]
    gateway.post(config(consumer("one", "rotated", per_minute=3)))
    assert [gateway.get("rotated").status for _ in range(2)] == [200, 429]
    gateway.post(config(consumer("one", "rotated", per_minute=5)))
    assert [gateway.get("rotated").status for _ in range(3)] == [200, 200, 429]


def _wait_for_room_in_the_minute() -> None:
    """Counters start anew at the full minute."""
    left_s = 60 - time.time() % 60
    if left_s < 10:
        time.sleep(left_s)


def test_a_key_that_is_gone_is_refused_at_once(gateway: ConfigurableGateway) -> None:
    for number in range(10):
        gateway.post(config(consumer("one", f"key-{number}", "stays")))
        assert gateway.get(f"key-{number}").status == 200
        assert gateway.get("stays").status == 200
        assert gateway.get(f"key-{number - 1}").status == 401


def test_ten_thousand_consumers_load(gateway: ConfigurableGateway) -> None:
    consumers = [consumer(f"c-{number}", f"key-{number}", per_minute=number + 1) for number in range(10_000)]
    assert gateway.post(config(*consumers)).status == 201
    for number in (0, 4_999, 9_999):
        answer = gateway.get(f"key-{number}")
        assert answer.body == f"c-{number}".encode()
        assert answer.headers["x-ratelimit-limit-minute"] == str(number + 1)


def test_while_one_loads_another_is_told_to_come_back(gateway: ConfigurableGateway) -> None:
    large = json.dumps(config(*(consumer(f"c-{number}", f"key-{number}") for number in range(20_000)))).encode()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(gateway.post, [large, large]))
    taken, refused = sorted(answers, key=lambda answer: answer.status)
    assert taken.status == 201
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {"message": "Currently loading previous configuration"}
    assert gateway.post(large).status == 201


def test_a_configuration_above_64_mib_is_refused(gateway: ConfigurableGateway) -> None:
    answer = gateway.post(b'{"_comment": "' + b"x" * (64 << 20) + b'"}')
    assert (answer.status, answer.json()) == (413, {"message": "Payload too large"})
    assert gateway.status() == UNCONFIGURED


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Host": "attacker.test"},
        {"Host": "10.0.0.1"},
        {"Host": "localhost.attacker.test"},
    ],
)
def test_the_admin_port_takes_nothing_from_a_page(gateway: ConfigurableGateway, headers: dict[str, str]) -> None:
    body = json.dumps({"_format_version": "3.0"}).encode()
    posted = request(
        gateway.admin_port, "POST", "/config", body=body, headers={"Content-Type": "application/json"} | headers
    )
    assert posted.status == 403
    assert request(gateway.admin_port, "GET", "/status", headers=headers).status == 403
    assert gateway.status() == UNCONFIGURED


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_a_form_can_send_is_refused(gateway: ConfigurableGateway, content_type: str) -> None:
    body = json.dumps({"_format_version": "3.0"}).encode()
    answer = request(gateway.admin_port, "POST", "/config", body=body, headers={"Content-Type": content_type})
    assert answer.status == 415
    assert gateway.status() == UNCONFIGURED


def test_there_are_no_other_paths(gateway: ConfigurableGateway) -> None:
    for path in ("/", "/consumers", "/config/"):
        assert request(gateway.admin_port, "GET", path).status == 404
    assert request(gateway.admin_port, "GET", "/config").status == 405


def _refused(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "localregion.kong", "--plan", str(plan_file(folder)), *arguments]
    ended = subprocess.run(command, env=python_environment(), capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    return ended.stderr


def test_a_port_that_an_unconfigured_gateway_holds_is_taken(gateway: ConfigurableGateway, tmp_path: Path) -> None:
    said = _refused(tmp_path, f"--port={gateway.port}", "--admin-port=0")
    assert said == f"Error: port {gateway.port} is taken; set GATEWAY_PORT to another one\n"


def test_a_taken_admin_port_is_said(gateway: ConfigurableGateway, tmp_path: Path) -> None:
    said = _refused(tmp_path, "--port=0", f"--admin-port={gateway.admin_port}")
    assert said == f"Error: port {gateway.admin_port} is taken; --admin-port needs a free one\n"
