"""Processor time is counted where it was spent, of processes that have ended as well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from proof.bench import processor_time

BUSY_S = 0.3
# A parent that does nothing, one child that has ended and one that goes on; it says when both have been busy.
PROGRAM = f"""
import os, subprocess, sys, time
busy = "import time\\nwhile time.process_time() < {BUSY_S}: pass\\n"
subprocess.run([sys.executable, "-c", busy], check=True)
child = subprocess.Popen(
    [sys.executable, "-c", busy + "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
child.stdout.readline()
print("ready", flush=True)
input()
child.communicate(b"\\n")
"""


@pytest.fixture
def emulator() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.communicate(b"\n")


def test_what_a_process_started_counts_only_where_it_is_asked_for(emulator: int) -> None:
    alone = processor_time.of_process(emulator, with_children=False)
    assert processor_time.of_process(emulator, with_children=True) >= alone + 2 * BUSY_S * 0.9


def test_functions_are_what_the_emulator_started(emulator: int) -> None:
    seen = processor_time.of_system({"emulator": emulator, "gateway": emulator, "configurator": 1})
    assert seen.keys() == {"emulator", "gateway", "functions"}
    assert seen["functions"] >= 2 * BUSY_S * 0.9
    assert seen["gateway"] >= seen["emulator"] + seen["functions"] - 0.01


def test_what_began_meanwhile_counts_from_nothing() -> None:
    assert processor_time.since({"a": 3.0, "b": 1.0}, {"a": 1.0}) == {"a": 2.0, "b": 1.0}
