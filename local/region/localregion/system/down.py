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
    """Return when no process of this system is left. Raises DownError."""
    if not folder.run.exists():
        return
    records = Records(folder.run)
    with contextlib.suppress(ConnectionError):
        control.ask(folder.run, {"command": "down"})
        _wait_for_supervisor(records)
    left = end_all(records, folder.path)
    folder.endpoints.unlink(missing_ok=True)
    for record in folder.run.glob("*.process.json"):
        record.unlink()
    if left:
        raise DownError(f"still running: {', '.join(left)}")


def clean(folder: Folder) -> None:
    """End everything and forget all state."""
    down(folder)
    shutil.rmtree(folder.path, ignore_errors=True)


def _wait_for_supervisor(records: Records) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        supervisor = records.read("supervisor")
        if supervisor is None or not supervisor.is_alive():
            return
        time.sleep(0.05)
