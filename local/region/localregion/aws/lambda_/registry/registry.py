"""Keeps what was made by calls: in memory, and in one file that each change replaces in one step.

A change is on disk before it is acknowledged; one that is refused, or cannot be written, leaves everything as it was.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from localregion.aws.lambda_.registry.state import State, from_json


class Registry:
    """The state and its file. What `state` returns is not to be changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "registry.json"
        # Environment variables may be secrets.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._state = from_json(self._file.read_text()) if self._file.exists() else State()

    @property
    def state(self) -> State:
        return self._state

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """Give a copy to be changed; it becomes the state once it is on disk. Nothing may be awaited meanwhile."""
        draft = from_json(self._state.to_json())
        yield draft
        self._write(draft.to_json())
        self._state = draft

    def _write(self, text: str) -> None:
        draft = self._file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(self._file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
