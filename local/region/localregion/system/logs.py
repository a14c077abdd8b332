"""`make logs`: follow the functions' logs, each line after its function's name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from localregion import project
from localregion.system.folder import Folder, last_lines

_POLL_INTERVAL_S = 0.25
_LINES_BEFORE = 10


class Follower:
    """The functions' log files; new ones and ones that were started over are noticed."""

    def __init__(self, folder: Path, show: Callable[[str], None]) -> None:
        self._folder = folder
        self._show = show
        self._offsets: dict[Path, int] = {}

    def show_latest(self, lines: int = _LINES_BEFORE) -> None:
        """Show the end of each log as it is now, the one that was written last at the end."""
        for path in sorted(self._paths(), key=lambda path: path.stat().st_mtime_ns):
            for line in last_lines(path, lines).splitlines():
                self._show(f"{path.stem} | {line}")
            self._offsets[path] = path.stat().st_size

    def show_new(self) -> None:
        """Show the lines that came since; the start of an unfinished one waits for its end."""
        for path in self._paths():
            offset = self._offsets.get(path, 0)
            if path.stat().st_size < offset:
                offset = 0
            with path.open("rb") as log:
                log.seek(offset)
                finished = log.read().rpartition(b"\n")[0]
            for line in finished.splitlines():
                self._show(f"{path.stem} | {line.decode(errors='replace')}")
            self._offsets[path] = offset + (len(finished) + 1 if finished else 0)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))


def follow(folder: Folder) -> None:
    """Run until Ctrl-C, also while nothing runs: what is started meanwhile is followed."""
    if not folder.endpoints.exists():
        print(f"nothing is running: `{project.command('up')}` starts it; these are the last lines", flush=True)
    follower = Follower(folder.function_logs, lambda line: print(line, flush=True))
    follower.show_latest()
    while True:
        time.sleep(_POLL_INTERVAL_S)
        follower.show_new()
