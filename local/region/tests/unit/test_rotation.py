"""Logs that stay small while they are written."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localregion import rotation

LIMIT = 1_000
# Writes a line each millisecond through the handle that it was given, as a part does.
WRITER = """
import sys, time
for n in range(400):
    sys.stdout.write(f"line {n}\\n")
    sys.stdout.flush()
    time.sleep(0.001)
"""


def lines_of(path: Path) -> list[str]:
    return (rotation.former(path).read_text() if rotation.former(path).exists() else "").splitlines() + (
        path.read_text().splitlines()
    )


def test_a_log_that_is_not_full_stays(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("a line\n")
    rotation.set_aside(log)
    rotation.cut(log)
    rotation.set_aside(tmp_path / "missing.log")

    assert [path.name for path in tmp_path.iterdir()] == ["part.log"]


def test_what_is_appended_after_a_cut_begins_the_file(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("ab", buffering=0) as held:
        held.write(b"before\n" * LIMIT)
        rotation.cut(log, limit_bytes=LIMIT)
        held.write(b"after\n")

    assert log.read_bytes() == b"after\n"
    assert rotation.former(log).read_bytes() == b"before\n" * LIMIT


def test_a_process_goes_on_writing_while_its_log_is_kept_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_CHECK_INTERVAL_S", 0.05)
    log, is_over = tmp_path / "part.log", threading.Event()
    keeper = threading.Thread(target=rotation.keep_small, args=[tmp_path, is_over], kwargs={"limit_bytes": LIMIT})
    keeper.start()
    with log.open("ab") as output, subprocess.Popen([sys.executable, "-c", WRITER], stdout=output) as writer:
        seen: dict[str, None] = {}
        while writer.poll() is None:
            seen |= dict.fromkeys(lines_of(log)[:-1])
            time.sleep(0.01)
    is_over.set()
    keeper.join()

    assert log.stat().st_size + rotation.former(log).stat().st_size < 400 * len("line 100\n")
    assert set(seen) <= {f"line {n}" for n in range(400)}
    assert lines_of(log)[-1] == "line 399"
    numbers = [int(line.removeprefix("line ")) for line in lines_of(log)]
    assert numbers == list(range(numbers[0], 400))


def test_the_end_of_a_log_goes_back_into_its_former_file(tmp_path: Path) -> None:
    log = tmp_path / "function.log"
    log.write_bytes(b"one\ntwo\n")
    rotation.set_aside(log, limit_bytes=1)

    assert rotation.tail(log, 100) == b"one\ntwo\n"
    log.write_bytes(b"three\n")
    assert rotation.tail(log, 100) == b"one\ntwo\nthree\n"
    assert rotation.tail(log, 10) == b"two\nthree\n"
    assert rotation.tail(log, 4) == b"ree\n"
    assert rotation.tail(tmp_path / "missing.log", 4) == b""
