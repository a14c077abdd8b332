"""A folder belongs to one run."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from proof.chaos.own_system import run_on_own_system


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "chaos"
    with (tmp_path / "chaos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert run_on_own_system(folder, lambda system: True) == 1

    assert capsys.readouterr().err == f"error: another run is at work in {folder}\n"
    assert not folder.exists()
