"""The emulator's own life: hot reload, idle environments, deploy-time invocations, signals, a taken port."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from integration.aws.running_emulator import RunningEmulator, function, plan_of, wait_until, write_function

from localregion.aws.lambda_.environments.scaling import EDITS_EVERY_S

SOURCE = """
import os, time
from contracts import VALUE

def value(event, context):
    return [1, VALUE, os.getpid()]

def sleep(event, context):
    time.sleep(event["seconds"])
    return os.getpid()

def wait(event, context):
    while not os.path.exists(event["file"]):
        time.sleep(0.02)
    return os.getpid()

def release(event, context):
    with open(event["counter"], "a") as counter:
        counter.write("x")
    if not os.path.exists(event["needed"]):
        raise RuntimeError("not yet")
"""


@pytest.fixture
def folder(tmp_path):
    write_function(tmp_path, "probe", SOURCE)
    contracts = tmp_path / "layers" / "contracts" / "python" / "contracts.py"
    contracts.parent.mkdir(parents=True)
    contracts.write_text("VALUE = 1\n")
    return tmp_path


def probe(name: str, **changes):
    layers = ["dist/layers/dependencies.zip", "dist/layers/contracts.zip"]
    return function(name, f"probe.handler.{name}", layers=layers, **changes)


def result(emulator, name, event=None):
    answer = emulator.client().invoke(FunctionName=name, Payload=json.dumps(event or {}))
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_edit_is_seen_by_the_next_invocation_a_tenth_of_a_second_later(start_emulator, folder):
    emulator = start_emulator(folder, plan_of([probe("value")]))
    handler, contracts = folder / "functions/probe/handler.py", folder / "layers/contracts/python/contracts.py"
    assert result(emulator, "value")[:2] == [1, 1]
    for edited in range(2, 4):
        handler.write_text(SOURCE.replace("[1, VALUE", f"[{edited}, VALUE"))
        time.sleep(EDITS_EVERY_S)
        assert result(emulator, "value")[:2] == [edited, edited - 1]
        contracts.write_text(f"VALUE = {edited}\n")
        time.sleep(EDITS_EVERY_S)
        assert result(emulator, "value")[:2] == [edited, edited]
    wait_until(lambda: [entry["state"] for entry in emulator.environments("value")] == ["idle"])


def test_idle_environments_end(start_emulator, folder):
    emulator = start_emulator(folder, plan_of([probe("value")]), "--idle-timeout-s", "0.2")
    pid = result(emulator, "value")[2]
    wait_until(lambda: not emulator.environments("value") and not is_alive(pid))


def test_what_the_gateway_routes_to_is_initialised_before_its_first_invocation(start_emulator, folder):
    plugin = {"name": "aws-lambda", "config": {"function_name": "value", "qualifier": "live"}}
    routes = [{"name": "probe", "paths": ["/probe"], "plugins": [plugin]}]
    gateway = {"version": "3.9", "declarative_config": {"routes": routes}}
    emulator = start_emulator(folder, plan_of([probe("value"), probe("sleep")], gateway=gateway))

    wait_until(lambda: [each["state"] for each in emulator.environments("value")] == ["idle"])
    assert emulator.environments("value")[0]["invocations"] == 0
    assert emulator.environments("sleep") == []


def test_beyond_the_accounts_concurrency_everything_is_throttled(start_emulator, folder):
    emulator = start_emulator(folder, plan_of([probe("wait"), probe("value")]), "--concurrency-limit", "1")
    end = folder / "end"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(result, emulator, "wait", {"file": str(end)})
        try:
            wait_until(lambda: emulator.environments("wait"))
            with pytest.raises(ClientError) as refused:
                result(emulator, "value")
        finally:
            end.touch()
        assert refused.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
        waiting = running.result()
    # Its answer is here before it is idle, and only an idle environment makes room.
    wait_until(lambda: [each["state"] for each in emulator.environments("wait")] == ["idle"])
    assert result(emulator, "value")[:2] == [1, 1]
    wait_until(lambda: not is_alive(waiting))


def test_the_plans_invocations_are_tried_until_they_succeed_and_then_remembered(start_emulator, folder):
    event = {"counter": str(folder / "counter"), "needed": str(folder / "needed")}
    invocation = {"name": "release", "function": "release", "qualifier": "live", "input": event, "triggers": {}}
    plan = plan_of([probe("release")], invocations=[invocation])
    emulator = start_emulator(folder, plan)
    wait_until(lambda: "not yet" in emulator.status()["invocations"][0].get("error", ""))
    assert emulator.status()["ready"] is False
    (folder / "needed").touch()
    wait_until(lambda: emulator.status()["ready"])
    runs = (folder / "counter").read_text()
    assert emulator.stop() == 0
    emulator.start()
    wait_until(lambda: emulator.status()["ready"])
    assert (folder / "counter").read_text() == runs


def test_a_schedule_runs_when_it_is_due(start_emulator, folder):
    schedule = {"name": "beat", "function": "value", "qualifier": "live", "expression": "rate(1 minute)", "input": {}}
    memory = folder / "state" / "emulator" / "schedules.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(json.dumps({"beat": {"expression": "rate(1 minute)", "due": 1.0}}))
    emulator = start_emulator(folder, plan_of([probe("value")], schedules=[{**schedule, "enabled": True}]))
    wait_until(lambda: "START RequestId" in emulator.log("value"))
    assert 0 < emulator.status()["schedules"][0]["dueInSeconds"] <= 60


def test_sigterm_lets_running_invocations_end(start_emulator, folder):
    emulator = start_emulator(folder, plan_of([probe("sleep")]))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(result, emulator, "sleep", {"seconds": 2})
        wait_until(lambda: [entry for entry in emulator.environments("sleep") if entry["state"] == "busy"])
        assert emulator.stop() == 0
        assert not is_alive(running.result())


def test_environments_die_with_a_killed_emulator(start_emulator, folder):
    emulator = start_emulator(folder, plan_of([probe("sleep"), probe("value")]))
    idle = result(emulator, "value")[2]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(result, emulator, "sleep", {"seconds": 25})
        busy = wait_until(lambda: [entry["pid"] for entry in emulator.environments("sleep") if entry["pid"]])[0]
        wait_until(lambda: emulator.environments("sleep")[0]["state"] == "busy")
        os.kill(emulator.process.pid, signal.SIGKILL)
        assert running.exception() is not None
    wait_until(lambda: not is_alive(idle) and not is_alive(busy))


def test_a_taken_port_is_named_with_its_variable(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        emulator = RunningEmulator(folder, plan_of([probe("value")]), port=taken.getsockname()[1])
        emulator.launch()
        assert emulator.process.wait(30) == 1
    log = (folder / "emulator.log").read_text()
    assert f"port {emulator.port} is taken by another program; choose another one with AWS_PORT" in log


def test_missing_code_is_said_at_the_start(folder):
    emulator = RunningEmulator(folder, plan_of([function("absent", "absent.handler.f")]))
    emulator.launch()
    assert emulator.process.wait(30) == 1
    assert "there is no folder" in (folder / "emulator.log").read_text()
