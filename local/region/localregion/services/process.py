"""Start a process, know it again later, freeze it, end it with everything it started.

A process is known by its pid and the kernel's start time of it, so a pid that has been given to somebody else is never
signalled. Each one leads its own session: what it leaves behind is found by that session's id. Linux only (`/proc`).
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
from typing import NamedTuple

POLL_INTERVAL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a part is started, and how it wants to be stopped; `environment` is all that it sees.

    `stop_socket`: a Unix socket; where somebody listens on it, being connected to is what stops the part.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_socket: Path | None = None
    patience_s: float = 15


@dataclass(frozen=True, kw_only=True)
class Record:
    """Enough to find a process again after whoever started it has died."""

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
        stat = read_stat(pid)
        if stat is None:
            raise ProcessLookupError(pid)
        record = cls(name=name, pid=pid, started=stat.started, boot=_boot_id())
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
        stat = read_stat(self.pid)
        return stat is not None and self.is_of(stat) and stat.state != "Z"

    def is_of(self, stat: Stat) -> bool:
        """Say whether that pid still means the process that was recorded."""
        return stat.started == self.started and self.boot == _boot_id()


class Stat(NamedTuple):
    """The fields of `/proc/PID/stat` that tell who a process is; `started` in clock ticks since boot."""

    pid: int
    state: str
    parent: int
    session: int
    started: int


def read_stat(pid: int) -> Stat | None:
    """Return what the kernel says of a process, None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = text[text.rindex(")") + 2 :].split()
    return Stat(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def all_stats() -> list[Stat]:
    stats = (read_stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [stat for stat in stats if stat is not None]


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
        # A child that nobody has waited for is always there, if only as a zombie.
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

    def freeze(self) -> None:
        freeze(self.record)

    def thaw(self) -> None:
        thaw(self.record)


def end(record: Record) -> None:
    """Ask the process to stop, kill it when its patience is over, kill what is left of its session."""
    if record.is_alive():
        if not _hears(record.stop_socket):
            _signal(record.pid, signal.Signals(record.stop_signal))
        # A frozen process hears its signal only when it goes on.
        thaw(record)
        if not _gone_within(record, record.patience_s):
            _signal(record.pid, signal.SIGKILL)
            _gone_within(record, 5)
    for straggler in session_members(record):
        _signal(straggler, signal.SIGKILL)


def kill(record: Record) -> None:
    """End the process and its session at once."""
    if record.is_alive():
        _signal(record.pid, signal.SIGKILL)
        _gone_within(record, 5)
    for straggler in session_members(record):
        _signal(straggler, signal.SIGKILL)


def freeze(record: Record) -> None:
    """SIGSTOP the process, then its descendants: it cannot start new ones meanwhile."""
    if record.is_alive():
        for pid in (record.pid, *descendants(record.pid)):
            _signal(pid, signal.SIGSTOP)


def thaw(record: Record) -> None:
    if record.is_alive():
        for pid in (*descendants(record.pid), record.pid):
            _signal(pid, signal.SIGCONT)


def descendants(pid: int) -> list[int]:
    """Return the pids below a process, parents before children."""
    children: dict[int, list[int]] = {}
    for stat in all_stats():
        children.setdefault(stat.parent, []).append(stat.pid)
    found = list(children.get(pid, []))
    for child in found:
        found.extend(children.get(child, []))
    return found


def session_members(record: Record) -> list[int]:
    """Return the living processes of the session that the process leads or led."""
    leader = read_stat(record.pid)
    if record.boot != _boot_id() or (leader is not None and not record.is_of(leader)):
        return []  # The number belongs to somebody else now, so nobody of ours held on to it as a session.
    return [
        stat.pid for stat in all_stats() if stat.session == record.pid and stat.pid != record.pid and stat.state != "Z"
    ]


@functools.cache
def _boot_id() -> str:
    # Start times count from the machine's boot, so they mean nothing after the next one.
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _gone_within(record: Record, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while record.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def _hears(stop_socket: str) -> bool:
    """Connect to the socket, if somebody listens there."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(stop_socket)
        return True
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
