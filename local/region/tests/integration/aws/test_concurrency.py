"""How many environments a function has: one for each invocation at once, as many as are reserved, none that is dead."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from integration.aws.running_emulator import function, invoke, plan_of, refusal, wait_until, write_function

SOURCE = """
import os, time

def wait(event, context):
    # Notes that it runs, and goes on when there are enough such notes.
    if event:
        open(os.path.join(event["folder"], str(os.getpid())), "w").close()
        while len(os.listdir(event["folder"])) < event["files"]:
            time.sleep(0.02)
    return os.getpid()
"""


@pytest.fixture(scope="module")
def emulator(start_emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", SOURCE)
    functions = [
        function("wait", "probe.handler.wait"),
        function("single", "probe.handler.wait", reserved_concurrency=1),
        function("blocked", "probe.handler.wait", reserved_concurrency=0),
    ]
    return start_emulator(folder, plan_of(functions))


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client()


def test_parallel_invocations_get_an_environment_each(client, tmp_path):
    event = {"folder": str(tmp_path), "files": 3}
    with ThreadPoolExecutor(3) as pool:
        pids = list(pool.map(lambda _: invoke(client, "wait", event)[0], range(3)))
    assert len(set(pids)) == 3


def test_beyond_the_reserved_concurrency_a_function_is_throttled(client, emulator, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, client, "single", {"folder": str(tmp_path), "files": 2})
        try:
            wait_until(lambda: emulator.environments("single"))
            refused = refusal(client.invoke, FunctionName="single", Payload="{}")
        finally:
            (tmp_path / "end").touch()
        assert isinstance(running.result()[0], int)
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused["Error"]["Code"] == "TooManyRequestsException"
    assert refused["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused["Error"]["Message"] == "Rate Exceeded."


def test_a_function_without_concurrency_never_runs(client):
    assert refusal(client.invoke, FunctionName="blocked")["Error"]["Code"] == "TooManyRequestsException"


def test_an_idle_environment_that_is_killed_is_replaced(client, emulator):
    first, _ = invoke(client, "single")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not emulator.environments("single"))
    assert invoke(client, "single")[0] != first
