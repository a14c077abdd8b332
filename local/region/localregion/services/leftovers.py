"""Find and end the processes of a local system after its supervisor has gone.

Each part has a record in `run/`. A mark in the environment of every process that we start finds those that were started
and not yet recorded. Neither can name a process of another program.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from localregion.services import process
from localregion.services.process import Record

MARK = "LOCALREGION_STATE"

# The order of a graceful end: each part ends before those that it talks to.
_STOP_SEQUENCE = ("configurator", "gateway", "emulator", "console", "rabbitmq", "postgres", "epmd")


class Records:
    """The records of one system's processes, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, record: Record) -> None:
        draft = self._folder / f".{record.name}.new"
        draft.write_text(record.to_json())
        draft.replace(self._path(record.name))

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def read(self, name: str) -> Record | None:
        with contextlib.suppress(FileNotFoundError):
            return Record.from_json(self._path(name).read_text())
        return None

    def living(self) -> list[Record]:
        records = [Record.from_json(path.read_text()) for path in self._folder.glob("*.process.json")]
        return [record for record in records if record.is_alive() or process.session_members(record)]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.process.json"


def end_all(records: Records, state_folder: Path) -> list[str]:
    """End what a dead supervisor left behind and return the names of what was there."""
    living = {record.name: record for record in records.living()}
    supervisor = living.pop("supervisor", None)
    if supervisor is not None:
        process.kill(supervisor)  # Asked before and did not answer; else it would start again what ends here.
    _end([record for name in _STOP_SEQUENCE[:3] if (record := living.pop(name, None))])
    # Postgres and RabbitMQ take their time and do not need each other; epmd serves RabbitMQ to the end.
    epmd = living.pop("epmd", None)
    _end(list(living.values()))
    _end([epmd] if epmd else [])
    for pid in marked(state_folder):
        with contextlib.suppress(ProcessLookupError):
            process.kill(Record.of("unrecorded", pid))
    return [record.name for record in records.living()]


def marked(state_folder: Path) -> list[int]:
    """Return the processes that carry this system's mark, except ourselves and those above us."""
    own = {os.getpid(), os.getppid()}
    return [pid for pid in psutil.pids() if pid not in own and _mark(pid) == str(state_folder)]


def _mark(pid: int) -> str | None:
    """Return the state folder that stands in the environment of a process, as far as we may read it."""
    with contextlib.suppress(psutil.Error, OSError):
        mark: str | None = psutil.Process(pid).environ().get(MARK)
        return mark
    return None


def _end(records: list[Record]) -> None:
    if records:
        with ThreadPoolExecutor(len(records)) as threads:
            list(threads.map(process.end, records))
