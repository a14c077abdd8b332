"""Processes are known by pid and start time, and end with all that they started."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from localregion.services.process import Command, Process, Record, descendants, end, session_members

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
LISTENER = """
import socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind("stop")
listening.listen()
print("up", flush=True)
listening.accept()
sys.exit(7)
"""
PROLIFIC = "import subprocess, time\nwhile True: subprocess.Popen(['sleep', '60']); print('up', flush=True)"
PARENT = "import subprocess, time; subprocess.Popen(['sleep', '60']); print('up', flush=True); time.sleep(60)"


def tree(process: Process) -> list[psutil.Process]:
    above = psutil.Process(process.pid)
    return [above, *descendants(above)]


def is_over(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def run(program: str, *, patience_s: float = 5, stop_socket: Path | None = None) -> Process:
        log = tmp_path / f"{len(started)}.log"
        argv = [sys.executable, "-S", "-c", program]
        command = Command(
            argv=argv, cwd=tmp_path, environment={"ONLY": "this"}, patience_s=patience_s, stop_socket=stop_socket
        )
        started.append(Process("child", command, log=log))
        wait_until(lambda: log.read_text() != "")
        return started[-1]

    yield run
    for process in started:
        process.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_that_ignores_the_request_is_killed_when_its_patience_is_over(start: Callable[..., Process]) -> None:
    process = start(STUBBORN, patience_s=0.1)
    process.stop()
    assert process.exit_code() == -signal.SIGKILL


def test_who_listens_on_its_stop_socket_is_asked_there_and_gets_no_signal(
    start: Callable[..., Process], tmp_path: Path
) -> None:
    process = start(LISTENER, stop_socket=tmp_path / "stop")
    end(Record.from_json(process.record.to_json()))
    wait_until(lambda: process.exit_code() is not None)
    assert process.exit_code() == 7


def test_a_stop_socket_that_nobody_listens_on_is_no_hindrance(start: Callable[..., Process], tmp_path: Path) -> None:
    process = start("import time; print('up', flush=True); time.sleep(60)", stop_socket=tmp_path / "stop")
    process.stop()
    assert process.exit_code() == -signal.SIGTERM


def test_what_a_process_started_ends_with_it(start: Callable[..., Process]) -> None:
    process = start(PARENT)
    (child,) = session_members(process.record)
    process.stop()
    wait_until(lambda: is_over(child))


def test_what_a_killed_process_left_is_found_by_its_record(start: Callable[..., Process]) -> None:
    process = start(PARENT)
    (child,) = session_members(process.record)
    os.kill(process.pid, signal.SIGKILL)
    end(Record.from_json(process.record.to_json()))
    wait_until(lambda: is_over(child))


def test_a_pid_that_was_given_to_somebody_else_is_left_alone(start: Callable[..., Process]) -> None:
    process = start(PARENT)
    for other in (replace(process.record, started=1), replace(process.record, boot="another")):
        end(other)
        assert not other.is_alive()
    assert process.record.is_alive()
    assert session_members(process.record)


def test_a_frozen_process_can_be_thawed_and_stopped(start: Callable[..., Process]) -> None:
    process = start(PARENT)
    process.freeze()
    wait_until(lambda: all(each.status() == psutil.STATUS_STOPPED for each in tree(process)))
    process.thaw()
    wait_until(lambda: all(each.status() == psutil.STATUS_SLEEPING for each in tree(process)))
    process.freeze()
    process.stop()
    assert process.exit_code() == -signal.SIGTERM


def test_a_process_that_starts_others_all_the_time_is_frozen_with_every_one(start: Callable[..., Process]) -> None:
    process = start(PROLIFIC)
    process.freeze()
    # One that was stopped between fork and exec keeps its parent from hearing anything: both stand still.
    still = {psutil.STATUS_STOPPED, psutil.STATUS_DISK_SLEEP}
    wait_until(lambda: {each.status() for each in tree(process)} <= still)
    process.stop()
    wait_until(lambda: session_members(process.record) == [])


def test_a_process_sees_nothing_but_the_environment_it_is_given(start: Callable[..., Process]) -> None:
    process = start("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), flush=True); import time; time.sleep(60)")
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert environment == b"ONLY=this\0"


def test_a_name_with_spaces_and_parentheses_does_not_confuse_the_reading(start: Callable[..., Process]) -> None:
    process = start(
        "import time; open('/proc/self/comm', 'w').write(') Z 1 ('); print('up', flush=True); time.sleep(60)"
    )
    assert psutil.Process(process.pid).name() == ") Z 1 ("
    assert Record.of("again", process.pid).started == process.record.started
    assert process.record.is_alive()


def test_what_nobody_has_waited_for_is_over(start: Callable[..., Process]) -> None:
    process = start(PARENT)
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert not process.record.is_alive()
    assert session_members(process.record)


def test_the_start_of_a_process_stays_the_same_when_the_clock_is_set(start: Callable[..., Process]) -> None:
    process = start("import time; print('up', flush=True); time.sleep(60)")
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - process.record.started / os.sysconf("SC_CLK_TCK")
    assert 0 <= age_s < 60
