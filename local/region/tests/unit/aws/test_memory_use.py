"""What real processes use, seen at little cost while it is far below the limit, and as the kernel counts it beyond."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localregion.aws.lambda_.environments import memory
from localregion.aws.lambda_.environments.memory import MemoryUse

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MB_KB = 1024
ALLOCATE = "import sys; kept = bytearray({mb} << 20); print('ready', flush=True); sys.stdin.readline()"
# Starts the same as a child of its own, when it is told to.
START = (
    "import subprocess, sys; print('ready', flush=True); sys.stdin.readline();"
    "child = subprocess.Popen([sys.executable, '-c', {code!r}], stdin=subprocess.PIPE, stdout=sys.stdout);"
    "sys.stdin.readline(); child.kill(); child.wait()"
)


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate("\n", timeout=10)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of /proc that were read."""
    paths: list[str] = []
    original = memory._read

    def reading(path: str) -> bytes:
        paths.append(path)
        return b"Filename Type Size Used Priority\n" if path == "/proc/swaps" else original(path)

    monkeypatch.setattr(memory, "_read", reading)
    return paths


def test_what_a_process_has_allocated_is_beyond_a_lower_limit_only() -> None:
    with running(ALLOCATE.format(mb=60)) as process:
        use = MemoryUse()
        use.look()
        assert use.is_beyond(process.pid, 60 * MB_KB)
        assert not use.is_beyond(process.pid, 120 * MB_KB)


def test_far_below_the_limit_one_short_file_is_read_for_a_process(read: list[str]) -> None:
    with running(ALLOCATE.format(mb=1)) as process:
        use = MemoryUse()
        use.look()
        assert not use.is_beyond(process.pid, 500 * MB_KB)
        read.clear()
        assert not use.is_beyond(process.pid, 500 * MB_KB)
        assert read == [f"/proc/{process.pid}/statm"]


def test_mapped_files_do_not_count(read: list[str]) -> None:
    """Python's libraries alone are more than what it has allocated."""
    with running(ALLOCATE.format(mb=1)) as process:
        use = MemoryUse()
        use.look()
        resident_kb = memory._resident_kb(process.pid)
        used_kb = memory.used_kb([process.pid], limit_kb=0)
        assert used_kb < resident_kb
        assert not use.is_beyond(process.pid, (used_kb + resident_kb) // 2)
        assert f"/proc/{process.pid}/status" in read


def test_a_child_that_is_started_later_counts() -> None:
    with running(START.format(code=ALLOCATE.format(mb=80))) as process:
        use = MemoryUse()
        use.look()
        assert not use.is_beyond(process.pid, 80 * MB_KB)
        assert process.stdin
        assert process.stdout
        process.stdin.write("start\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        time.sleep(memory.CHILDREN_EVERY_S)
        use.look()
        assert use.is_beyond(process.pid, 80 * MB_KB)


def test_children_are_looked_for_only_so_often_and_not_while_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original, searched, numbers = memory._read, [], iter(range(3, 100))
    newest = [b"0.00 0.00 0.00 1/2 3\n"]
    monkeypatch.setattr(memory, "_read", lambda path: newest[0] if path == "/proc/loadavg" else original(path))
    monkeypatch.setattr(memory, "_descendants", lambda pid: searched.append(pid) or [])
    monkeypatch.setattr(memory, "CHILDREN_EVERY_S", 60)
    use = MemoryUse()
    for _ in range(3):
        newest[0] = b"0.00 0.00 0.00 1/2 %d\n" % next(numbers)
        use.look()
        use.is_beyond(1, 2**60)
    assert searched == [1]
    monkeypatch.setattr(memory, "CHILDREN_EVERY_S", 0)
    for _ in range(3):
        use.look()
        use.is_beyond(1, 2**60)
    assert searched == [1, 1]


@pytest.mark.parametrize("loadavg", [b"", b"0.00 0.00 0.00 0/0 0\n"])
def test_children_are_looked_for_every_time_where_the_kernel_does_not_count(
    monkeypatch: pytest.MonkeyPatch, loadavg: bytes
) -> None:
    original, searched = memory._read, []
    monkeypatch.setattr(memory, "_read", lambda path: loadavg if path == "/proc/loadavg" else original(path))
    monkeypatch.setattr(memory, "_descendants", lambda pid: searched.append(pid) or [])
    monkeypatch.setattr(memory, "CHILDREN_EVERY_S", 0)
    use = MemoryUse()
    for _ in range(3):
        use.look()
        use.is_beyond(1, 2**60)
    assert searched == [1, 1, 1]


def test_where_there_is_swap_the_resident_set_alone_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/loadavg": b"0.00 0.00 0.00 1/2 3\n",
        "/proc/swaps": b"Filename Type Size Used Priority\n/dev/sda1 partition 1000 0 -2\n",
        "/proc/7/statm": b"100 1 1 1 0 1 0\n",
        "/proc/7/status": b"RssAnon:\t    4 kB\nRssShmem:\t    0 kB\nVmSwap:\t    9000 kB\n",
    }
    monkeypatch.setattr(memory, "_read", lambda path: files.get(path, b""))
    use = MemoryUse()
    use.look()
    assert use.is_beyond(7, 9000)
    assert not use.is_beyond(7, 9004)
