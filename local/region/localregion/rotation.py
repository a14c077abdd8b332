"""Log files that stay small while they are written: a full one is kept as `NAME.1`, in place of the one before.

What one writer opens anew for each write is renamed between two of them, and nothing is lost. What a process writes
through a handle that it keeps is copied and cut: lost is what it writes in the microseconds from the last look to the
cut, and nothing else. Readers find what is in `NAME.1` as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 10_000_000
_CHECK_INTERVAL_S = 5.0


def former(path: Path) -> Path:
    """Where a log's earlier lines are."""
    return path.with_name(f"{path.name}.1")


def set_aside(path: Path, *, limit_bytes: int | None = None) -> None:
    """Rename a full log. For its only writer, which opens it again."""
    if _size(path) >= (limit_bytes or LIMIT_BYTES):
        path.replace(former(path))


def cut(path: Path, *, limit_bytes: int | None = None) -> None:
    """Copy a full log and empty it, for a process that goes on appending to it."""
    if _size(path) < (limit_bytes or LIMIT_BYTES):
        return
    draft = path.with_name(f".{path.name}.1.new")
    with path.open("r+b", buffering=0) as log, draft.open("wb") as copy:
        shutil.copyfileobj(log, copy)
        copy.flush()
        draft.replace(former(path))
        came_meanwhile = log.readall()
        log.truncate(0)
        copy.write(came_meanwhile)


def keep_small(folder: Path, is_over: threading.Event, *, limit_bytes: int | None = None) -> None:
    """Cut the logs of a folder as they grow, until it is over. A full disk is no reason to end."""
    while True:
        for path in folder.glob("*.log"):
            with contextlib.suppress(OSError):
                cut(path, limit_bytes=limit_bytes)
        if is_over.wait(_CHECK_INTERVAL_S):
            return


def tail(path: Path, size: int) -> bytes:
    """The last bytes of a log, and of its former file where the log has fewer; empty when there is none."""
    log = _opened(path)
    with log or contextlib.nullcontext():
        text = _end(log, size) if log else b""
        earlier = _opened(former(path)) if len(text) < size else None
        with earlier or contextlib.nullcontext():
            # Renamed between the two looks, it is the same file.
            if earlier and not (log and os.path.sameopenfile(log.fileno(), earlier.fileno())):
                text = _end(earlier, size - len(text)) + text
    return text


def _end(log: BinaryIO, size: int) -> bytes:
    log.seek(max(0, os.fstat(log.fileno()).st_size - size))
    return log.read(size)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
