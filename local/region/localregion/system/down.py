"""`make down`: end everything, whether the supervisor still lives or not; nothing to do is fine."""

from __future__ import annotations

import contextlib
import shutil
import time

from localregion.errors import CommandError
from localregion.services.leftovers import Records, end_all
from localregion.system import control
from localregion.system.folder import Folder

_PATIENCE_S = 45


class DownError(CommandError):
    """Something is still running."""


def down(folder: Folder) -> None:
    """Return when no process of this system is left, and say what there was. Raises DownError."""
    ended = end(folder)
    print(f"stopped: {', '.join(ended)}" if ended else "nothing was running")


def clean(folder: Folder) -> None:
    """End everything and forget all state."""
    down(folder)
    there = folder.path.exists()
    shutil.rmtree(folder.path, ignore_errors=True)
    print(f"removed: {folder.path}" if there else "nothing to remove")


def end(folder: Folder) -> list[str]:
    """Return when no process of this system is left: the names of what ran. Raises DownError."""
    if not folder.run.exists():
        return []
    records = Records(folder.run)
    ran = sorted(record.name for record in records.living() if record.name != "supervisor")
    with contextlib.suppress(ConnectionError):
        control.ask(folder.run, {"command": "down"})
        _wait_for_supervisor(records)
    left = end_all(records, folder.path)
    folder.endpoints.unlink(missing_ok=True)
    for record in folder.run.glob("*.process.json"):
        record.unlink()
    if left:
        raise DownError(f"still running: {', '.join(left)}")
    return ran


def _wait_for_supervisor(records: Records) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        supervisor = records.read("supervisor")
        if supervisor is None or not supervisor.is_alive():
            return
        time.sleep(0.05)
