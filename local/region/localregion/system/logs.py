"""`make logs`: follow the functions' logs, each line after its function's name."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

from localregion import project, rotation
from localregion.system.folder import Folder

_POLL_INTERVAL_S = 0.25
_LINES_BEFORE = 10
_BYTES_BEFORE = 20_000


class _Followed:
    """One log, held open: a file that is renamed is read to its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log: BinaryIO = path.open("rb")

    def latest(self, count: int) -> list[str]:
        """The last lines until now, of the former file as well; what comes behind them is new."""
        begin = max(0, os.fstat(self._log.fileno()).st_size - _BYTES_BEFORE)
        self._log.seek(begin)
        finished, newline, _ = self._log.read().rpartition(b"\n")
        self._log.seek(begin + len(finished) + len(newline))
        lines = finished.splitlines()
        if len(lines) < count:
            lines = rotation.tail(rotation.former(self._path), _BYTES_BEFORE).splitlines() + lines
        return [line.decode(errors="replace") for line in lines[-count:]]

    def new_lines(self) -> Iterator[str]:
        """The lines that came since; the start of an unfinished one waits for its end."""
        yield from self._rest()
        while (log := self._replacement()) is not None:
            # What was written between that look and the rename.
            yield from self._rest()
            self.close()
            self._log = log
            yield from self._rest()

    def close(self) -> None:
        self._log.close()

    def _rest(self) -> list[str]:
        began = self._log.tell()
        if os.fstat(self._log.fileno()).st_size < began:
            began = self._log.seek(0)
        finished = self._log.read().rpartition(b"\n")[0]
        self._log.seek(began + (len(finished) + 1 if finished else 0))
        return [line.decode(errors="replace") for line in finished.splitlines()]

    def _replacement(self) -> BinaryIO | None:
        """The file that has this name now, if it is another one."""
        try:
            log = self._path.open("rb")
        except FileNotFoundError:
            return None
        if not os.path.sameopenfile(log.fileno(), self._log.fileno()):
            return log
        log.close()
        return None


class Follower:
    """The functions' log files; new ones, and ones that were set aside or started over, are noticed.

    A context manager, which closes them. Of a log that is set aside twice between two looks the middle is missed: 10 MB
    in a quarter of a second.
    """

    def __init__(self, folder: Path, show: Callable[[str], None]) -> None:
        self._folder = folder
        self._show = show
        self._logs: dict[Path, _Followed] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for log in self._logs.values():
            log.close()

    def show_latest(self, lines: int = _LINES_BEFORE) -> bool:
        """Show the end of each log as it is now, the one that was written last at the end; False for no log."""
        for path in sorted(self._paths(), key=lambda path: path.stat().st_mtime_ns):
            self._logs[path] = _Followed(path)
            self._show_all(path, self._logs[path].latest(lines))
        return bool(self._logs)

    def show_new(self) -> None:
        """Show the lines that came since, and forget logs that are gone."""
        paths = self._paths()
        for path in self._logs.keys() - set(paths):
            self._logs.pop(path).close()
        for path in paths:
            # One may be set aside at this moment.
            with contextlib.suppress(FileNotFoundError):
                if path not in self._logs:
                    self._logs[path] = _Followed(path)
                self._show_all(path, self._logs[path].new_lines())

    def _show_all(self, path: Path, lines: Iterable[str]) -> None:
        for line in lines:
            self._show(f"{path.stem} | {line}")

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))


def follow(folder: Folder) -> None:
    """Run until Ctrl-C, also while nothing runs: what is started meanwhile is followed."""
    if not folder.endpoints.exists():
        print(f"nothing is running: `{project.command('up')}` starts it", flush=True)
    with Follower(folder.function_logs, lambda line: print(line, flush=True)) as follower:
        if not follower.show_latest():
            print("there are no lines yet: they are shown as they come, until Ctrl-C", flush=True)
        while True:
            time.sleep(_POLL_INTERVAL_S)
            follower.show_new()
