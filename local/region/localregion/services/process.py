"""Start a process, know it again later, freeze it, end it with everything it started.

A process is known by its pid and the kernel's start time of it, so a pid that another process has got since is never
signalled. Each one leads its own session: what it leaves behind is found by that session's id. Linux only.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

POLL_INTERVAL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a part is started, and how it wants to be stopped; `environment` is all that it sees.

    `stop_socket`: a Unix socket; where the process listens on it, being connected to is what stops the part.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_socket: Path | None = None
    patience_s: float = 15


@dataclass(frozen=True, kw_only=True)
class Record:
    """Enough to find a process again after its parent has died."""

    name: str
    pid: int
    started: int
    boot: str
    stop_signal: int = signal.SIGTERM
    stop_socket: str = ""
    patience_s: float = 15

    @classmethod
    def of(cls, name: str, pid: int, command: Command | None = None) -> Record:
        """Record a living process. ProcessLookupError when there is none."""
        started = _start_ticks(pid)
        if started is None:
            raise ProcessLookupError(pid)
        record = cls(name=name, pid=pid, started=started, boot=_boot_id())
        if command is None:
            return record
        return replace(
            record,
            stop_signal=command.stop_signal,
            stop_socket=str(command.stop_socket or ""),
            patience_s=command.patience_s,
        )

    @classmethod
    def from_json(cls, text: str) -> Record:
        return cls(**json.loads(text))

    def to_json(self) -> str:
        return json.dumps(asdict(self)) + "\n"

    def is_alive(self) -> bool:
        return self.process() is not None

    def process(self) -> psutil.Process | None:
        """Return the process that was recorded, None when it is over or its pid means another one by now."""
        process = _living(self.pid)
        # In this order: psutil signals only the process that it found, and this says that it found the recorded one.
        return process if process is not None and self.means(_start_ticks(self.pid)) else None

    def means(self, started: int | None) -> bool:
        """Say whether a process of the recorded pid that was started then is the recorded one."""
        return started == self.started and self.boot == _boot_id()


class Process:
    """One running child of ours. Leads its own session; its output goes to `log`."""

    def __init__(self, name: str, command: Command, *, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # A child that was not waited for is always there, if only as a zombie.
        self.record = Record.of(name, self._popen.pid, command)

    @property
    def pid(self) -> int:
        return self.record.pid

    def exit_code(self) -> int | None:
        """Return None while it runs; a negative code is the signal that ended it."""
        return self._popen.poll()

    def stop(self) -> None:
        """End it gracefully, then by force, and wait until it and its session are gone."""
        end(self.record)
        self._popen.wait()

    @property
    def is_frozen(self) -> bool:
        return is_frozen(self.record)

    def freeze(self) -> None:
        freeze(self.record)

    def thaw(self) -> None:
        thaw(self.record)


def is_frozen(record: Record) -> bool:
    """Say whether a SIGSTOP holds the process."""
    process = record.process()
    with contextlib.suppress(psutil.NoSuchProcess):
        return process is not None and bool(process.status() == psutil.STATUS_STOPPED)
    return False


def end(record: Record) -> None:
    """Ask the process to stop, kill it when its patience is over, kill what is left of its session."""
    if (process := record.process()) is not None:
        if not _hears(record.stop_socket):
            _signal(signal.Signals(record.stop_signal), process)
        # A frozen process hears its signal only when it goes on.
        thaw(record)
        if not _gone_within(record, record.patience_s):
            _signal(signal.SIGKILL, process)
            _gone_within(record, 5)
    _signal(signal.SIGKILL, *session_members(record))


def kill(record: Record) -> None:
    """End the process and its session at once."""
    if (process := record.process()) is not None:
        _signal(signal.SIGKILL, process)
        _gone_within(record, 5)
    _signal(signal.SIGKILL, *session_members(record))


def freeze(record: Record) -> None:
    """SIGSTOP the process, then its descendants, until there are no new ones: a signal takes a moment to arrive."""
    if (process := record.process()) is not None:
        frozen: set[psutil.Process] = set()
        while found := {process, *descendants(process)} - frozen:
            _signal(signal.SIGSTOP, *sorted(found, key=lambda each: each != process))
            frozen |= found


def thaw(record: Record) -> None:
    if (process := record.process()) is not None:
        _signal(signal.SIGCONT, *descendants(process), process)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes below a process, parents before children."""
    with contextlib.suppress(psutil.NoSuchProcess):
        found: list[psutil.Process] = process.children(recursive=True)
        return found
    return []


def session_members(record: Record) -> list[psutil.Process]:
    """Return the living processes of the session that the process leads or led, without itself."""
    leader = _start_ticks(record.pid)
    if record.boot != _boot_id() or (leader is not None and not record.means(leader)):
        return []  # Another process has the number now, so none of ours held on to it as a session.
    others = [pid for pid in psutil.pids() if pid != record.pid and _session(pid) == record.pid]
    return [process for pid in others if (process := _living(pid)) is not None]


def _living(pid: int) -> psutil.Process | None:
    """Return the process of that pid; None when there is none, or only what its parent has not waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _session(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(pid)
    return None


def _start_ticks(pid: int) -> int | None:
    """Return when a process was started, in clock ticks since boot; None when there is none."""
    # psutil tells it by the wall clock only, and a record has to mean the same process after the clock was set.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        # The name stands in parentheses and may hold spaces and parentheses itself; the time is the 22nd field.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return None


@functools.cache
def _boot_id() -> str:
    # Start times count from the machine's boot, so they mean nothing after the next one. psutil has only its time.
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _gone_within(record: Record, seconds: float) -> bool:
    # psutil's own wait would take the exit code of a child of ours, which `Process` has to tell.
    deadline = time.monotonic() + seconds
    while record.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def _hears(stop_socket: str) -> bool:
    """Connect to the socket, if a process listens there."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(stop_socket)
        return True
    return False


def _signal(number: signal.Signals, *processes: psutil.Process) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
