"""What pip is asked for when a wheel is not here yet, and how its refusals are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.package.synthetic_wheel import write_wheel

from localregion.package.errors import NetworkError, PackagingError
from localregion.package.lock import read_lock
from localregion.package.target import Target
from localregion.package.wheels import WheelCache

TARGET = Target(python_version="3.13", machine="aarch64", platforms=("manylinux2014_aarch64",))


def test_a_wheel_with_another_hash_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = read_lock(write_wheel(tmp_path, "thing", {"thing.py": ""}))
    write_wheel(tmp_path, "thing", {"thing.py": "import evil"})
    with pytest.raises(PackagingError, match=r"no wheel of thing 1\.0 for python3\.13-aarch64"):
        WheelCache(tmp_path, TARGET).fetch(lock.values())
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_for_another_platform_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    lock = read_lock(write_wheel(tmp_path, "thing", {"thing.py": ""}, tag="cp313-cp313-manylinux2014_x86_64"))
    with pytest.raises(PackagingError, match=r"no wheel of thing 1\.0 for python3\.13-aarch64 with a hash of the lock"):
        WheelCache(tmp_path, TARGET).fetch(lock.values())


def test_an_index_that_does_not_answer_is_said_to_be_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    lock = read_lock(write_wheel(tmp_path / "elsewhere", "thing", {}))
    with pytest.raises(NetworkError, match=r"does not answer, and 1 wheels for python3\.13-aarch64 .*: thing"):
        WheelCache(tmp_path, TARGET).fetch(lock.values())
