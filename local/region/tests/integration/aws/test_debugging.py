"""An editor attaches to a function's environment, stops it, looks at it and lets it go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from integration.aws.debug_adapter import DebugAdapterClient
from integration.aws.running_emulator import PROJECT_ROOT, RunningEmulator, free_port, function, plan_of, wait_until
from integration.aws.running_emulator import write_function as write
from tests.plain_http import NO_TLS

SOURCE = """import os

def lambda_handler(event, context):
    answer = {"pid": os.getpid(), "remaining": context.get_remaining_time_in_millis()}
    return answer
"""
STOP_AT = 5


@pytest.fixture(scope="module")
def emulator(start_emulator: Callable[..., RunningEmulator], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("project")
    write(folder, "looked_at", SOURCE)
    write(folder, "broken", "raise RuntimeError('no')")
    functions = [
        function("looked_at", "looked_at.handler.lambda_handler", timeout_s=1),
        function("broken", "broken.handler.lambda_handler"),
    ]
    return start_emulator(folder, plan_of(functions))


@pytest.fixture
def make_debug(emulator: RunningEmulator, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that runs what `make debug` runs."""
    (tmp_path / "endpoints.json").write_text(json.dumps({"aws": emulator.url}))
    running: list[subprocess.Popen[str]] = []

    def run(name: str, port: int) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT / "local" / "region"), "DEBUG_PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "localregion", "debug", name],
            env=environment | {"LOCAL_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def invoke(emulator: RunningEmulator) -> dict[str, Any]:
    answer = emulator.client().invoke(FunctionName="looked_at", Qualifier="live", Payload=b"{}")
    decoded: dict[str, Any] = json.load(answer["Payload"])
    return decoded


def attached(emulator: RunningEmulator, port: int) -> DebugAdapterClient:
    editor = DebugAdapterClient(port)
    editor.attach((emulator.folder / "functions" / "looked_at" / "handler.py").resolve(), STOP_AT)
    return editor


def test_an_editor_stops_a_function_beyond_its_time_out_also_after_an_edit_until_it_is_given_back(
    emulator: RunningEmulator, make_debug: Callable[..., subprocess.Popen[str]]
) -> None:
    port = free_port()
    before = invoke(emulator)
    debugging = make_debug("looked_at", port)
    shown = said(debugging, until="Ctrl-C ends it.")
    assert shown.startswith(f"looked_at listens for a debugger on 127.0.0.1:{port} (debugpy,")
    assert f'"port": {port}' in shown
    with ThreadPoolExecutor(2) as pool:
        editor = attached(emulator, port)
        first = pool.submit(invoke, emulator)
        stopped = editor.wait_for(lambda message: message.get("event") == "stopped")["body"]
        second = pool.submit(invoke, emulator)
        frames = editor.request("stackTrace", {"threadId": stopped["threadId"]})["stackFrames"]
        assert (stopped["reason"], frames[0]["name"], frames[0]["line"]) == ("breakpoint", "lambda_handler", STOP_AT)
        looked_at = editor.request("evaluate", {"expression": "answer['remaining']", "frameId": frames[0]["id"]})
        assert int(looked_at["result"]) > 600_000
        assert not first.done()
        editor.request("setBreakpoints", {"source": frames[0]["source"], "breakpoints": []})
        editor.request("continue", {"threadId": stopped["threadId"]})
        # One environment, one after the other.
        assert first.result(30)["pid"] == second.result(30)["pid"] != before["pid"]
        editor.close()
    write(emulator.folder, "looked_at", SOURCE + "\n# edited\n")
    assert invoke(emulator)["pid"] != first.result()["pid"]
    attached(emulator, port).close()
    assert "a new environment listens" in said(debugging, until="attach again")
    # As Ctrl-C, which a shell switches off for what it runs in the background.
    debugging.terminate()
    stdout, stderr = debugging.communicate(timeout=30)
    assert (debugging.returncode, stderr) == (0, "")
    assert stdout == "\nlooked_at runs as before\n"
    after = invoke(emulator)
    assert after["pid"] != first.result()["pid"]
    assert after["remaining"] <= 1000
    wait_until(lambda: is_closed(port))


def said(process: subprocess.Popen[str], *, until: str) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or until not in lines[-1]:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        lines.append(line)
    return "".join(lines)


def is_closed(port: int) -> bool:
    try:
        DebugAdapterClient(port).close()
    except ConnectionRefusedError:
        return True
    return False


def ask(emulator: RunningEmulator, name: str, **changes: Any) -> httpx.Response:
    body = {"port": free_port()} | changes
    return httpx.put(f"{emulator.url}/_emulator/debug/{name}", json=body, timeout=60, verify=NO_TLS)


def test_an_unknown_function_a_taken_port_and_a_function_that_does_not_start_are_said_so(
    emulator: RunningEmulator, make_debug: Callable[..., subprocess.Popen[str]]
) -> None:
    process = make_debug("nobody", free_port())
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr == "error: there is no function 'nobody': broken, looked_at\n"

    taken = ask(emulator, "looked_at", port=emulator.port)
    assert (taken.status_code, taken.json()["Message"]) == (409, f"port {emulator.port} is taken")
    answer = ask(emulator, "broken")
    assert answer.status_code == 500
    assert "broken does not start under the debugger" in answer.json()["Message"]
    assert ask(emulator, "looked_at", port="x").status_code == 400
