"""A function that uses more memory than it has is killed as in Lambda, and nothing else is."""

from __future__ import annotations

import base64
import json
import re
import sys

import httpx
import pytest
from integration.aws.running_emulator import function, plan_of, wait_until, write_function
from tests.plain_http import NO_TLS

SOURCE = """
import mmap, os, subprocess, sys, time

kept = []

def allocate(event, context):
    kept.append(bytearray(event["mb"] << 20))
    time.sleep(event.get("seconds", 0))
    return os.getpid()

def leak(event, context):
    kept.append(b"x" * (5 << 20))
    return os.getpid()

def share(event, context):
    kept.append(mmap.mmap(-1, event["mb"] << 20))
    kept[-1].write(b"x" * (event["mb"] << 20))
    time.sleep(event["seconds"])

def start_children(event, context):
    allocate = f"import time; kept = bytearray({event['mb']} << 20); time.sleep({event['seconds']})"
    children = [subprocess.Popen([sys.executable, "-c", allocate]) for _ in range(event["children"])]
    return [child.wait() for child in children]

def fork(event, context):
    kept.append(bytearray(event["mb"] << 20))
    children = []
    for _ in range(event["children"]):
        if (pid := os.fork()) == 0:
            time.sleep(event["seconds"])
            os._exit(0)
        children.append(pid)
    return [os.waitpid(pid, 0)[1] for pid in children]

def read_file(event, context):
    with open(event["path"], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        total = sum(mapped[start] for start in range(0, len(mapped), 4096))
        time.sleep(event["seconds"])
        return total
"""
HUNGRY = "kept = bytearray(200 << 20)\nimport time\ntime.sleep(1)\ndef handle(event, context):\n    return 1\n"
NAMES = ("allocate", "leak", "share", "start_children", "fork", "read_file")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@pytest.fixture(scope="module")
def emulator(start_emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", SOURCE)
    write_function(folder, "hungry", HUNGRY)
    functions = [function(name, f"probe.handler.{name}") for name in NAMES]
    return start_emulator(folder, plan_of([*functions, function("hungry", "hungry.handler.handle")]))


def invoke(emulator, name, **event):
    answer = emulator.client().invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return json.loads(answer["Payload"].read()), answer


def assert_killed(payload, answer):
    request_id = answer["ResponseMetadata"]["RequestId"]
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    assert payload == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert answer["FunctionError"] == "Unhandled"


def test_an_invocation_that_takes_more_than_the_memory_size_is_killed(emulator):
    before, _ = invoke(emulator, "allocate", mb=1)
    payload, answer = invoke(emulator, "allocate", mb=150, seconds=20)
    assert_killed(payload, answer)
    assert re.search(
        r"\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime\.OutOfMemory\t\n$",
        base64.b64decode(answer["LogResult"]).decode(),
    )
    after, _ = invoke(emulator, "allocate", mb=1)
    assert isinstance(after, int)
    assert after != before


def test_what_stays_below_the_memory_size_lives(emulator):
    _, answer = invoke(emulator, "allocate", mb=70, seconds=0.3)
    assert "FunctionError" not in answer


def test_a_leak_of_short_invocations_ends_in_a_kill(emulator):
    answers = [invoke(emulator, "leak") for _ in range(60)]
    # On a machine without time to spare the next look may come after all of them: it ends one that follows.
    wait_until(lambda: answers.append(invoke(emulator, "leak")) or any("FunctionError" in each[1] for each in answers))
    killed = [each for each in answers if "FunctionError" in each[1]]
    assert 1 <= len(killed) <= 4
    for payload, answer in killed:
        assert_killed(payload, answer)


def test_shared_memory_counts(emulator):
    assert_killed(*invoke(emulator, "share", mb=150, seconds=20))


def test_children_count(emulator):
    assert invoke(emulator, "start_children", mb=10, children=2, seconds=0.3)[0] == [0, 0]
    assert_killed(*invoke(emulator, "start_children", mb=50, children=3, seconds=20))


def test_what_forked_children_share_counts_once(emulator):
    assert invoke(emulator, "fork", mb=60, children=3, seconds=0.5)[0] == [0, 0, 0]


def test_mapped_files_do_not_count(emulator, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes(200 << 20))
    total, answer = invoke(emulator, "read_file", path=str(large), seconds=0.3)
    assert (total, "FunctionError" in answer) == (0, False)


def test_an_initialisation_that_takes_too_much_fails(emulator):
    payload, answer = invoke(emulator, "hungry")
    assert_killed(payload, answer)
    pattern = r"INIT_REPORT .*\tPhase: init\tStatus: error\tError Type: Runtime\.OutOfMemory\n"
    wait_until(lambda: re.search(pattern, emulator.log("hungry")))


def test_a_function_can_be_made_to_run_out_of_memory(emulator):
    url = f"{emulator.url}/_emulator/memory/allocate"
    before = httpx.put(url, json={"mb": 64}, verify=NO_TLS).json()["killed"]
    try:
        assert_killed(*invoke(emulator, "allocate", mb=80, seconds=20))
        assert httpx.get(url, verify=NO_TLS).json() == {"function": "allocate", "mb": 64, "killed": before + 1}
    finally:
        assert httpx.delete(url, verify=NO_TLS).json()["mb"] == 128
    assert "FunctionError" not in invoke(emulator, "allocate", mb=80, seconds=0.3)[1]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"mb": 0}', b'{"mb": true}', b"[" * 100_000])
def test_no_memory_size_is_not_pretended(emulator, body):
    assert httpx.put(f"{emulator.url}/_emulator/memory/allocate", content=body, verify=NO_TLS).status_code == 400
    assert httpx.get(f"{emulator.url}/_emulator/memory/allocate", verify=NO_TLS).json()["mb"] == 128
    assert httpx.get(f"{emulator.url}/_emulator/memory/nobody", verify=NO_TLS).status_code == 404
