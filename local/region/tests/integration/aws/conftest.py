"""Emulators for tests: as many as a module needs, all ended with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.aws.running_emulator import RunningEmulator


@pytest.fixture(scope="module")
def start_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningEmulator]]:
    """Return a function that starts one more emulator in a project folder."""
    running: list[RunningEmulator] = []

    def start(folder: Path, plan: dict[str, Any], *arguments: str) -> RunningEmulator:
        emulator = RunningEmulator(folder, plan, list(arguments))
        running.append(emulator)
        emulator.start()
        return emulator

    yield start
    for emulator in running:
        if emulator.process is not None and emulator.process.poll() is None:
            emulator.process.kill()
            emulator.process.wait()
