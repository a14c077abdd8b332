"""Wheels that are here already, and what is taken from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.package.synthetic_wheel import write_wheel

from localregion.package.lock import read_lock
from localregion.package.target import Target
from localregion.package.wheel_content import is_needed, read_wheel
from localregion.package.wheels import WheelCache

TARGET = Target(python_version="3.13", machine="aarch64", platforms=("manylinux2014_aarch64",))


def test_a_cached_wheel_needs_no_network_when_its_hash_is_in_the_lock(tmp_path: Path) -> None:
    lock = read_lock(write_wheel(tmp_path, "thing", {"thing.py": ""}))
    (wheel,) = WheelCache(tmp_path, TARGET).fetch(lock.values())
    assert wheel.path.name == "thing-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "path",
    [
        "thing/__init__.py",
        "thing/data.json",
        "thing/_fast.cpython-313-aarch64-linux-gnu.so",
        "thing_binary.libs/libpq-1.so",
        "thing-1.0.dist-info/METADATA",
        "thing-1.0.dist-info/entry_points.txt",
        "thing-1.0.dist-info/licenses/LICENSE",
    ],
)
def test_what_a_function_can_use_is_kept(path: str) -> None:
    assert is_needed(path)


@pytest.mark.parametrize(
    "path",
    [
        "thing/__init__.pyi",
        "thing/py.typed",
        "thing/tests/test_thing.py",
        "thing/_fast.pyx",
        "thing/__pycache__/__init__.cpython-311.pyc",
        "thing-1.0.dist-info/RECORD",
        "thing-1.0.dist-info/WHEEL",
    ],
)
def test_what_nobody_reads_there_is_left_out(path: str) -> None:
    assert not is_needed(path)


def test_what_belongs_beside_the_modules_comes_from_the_data_folder_and_scripts_do_not(tmp_path: Path) -> None:
    files = {"thing-1.0.data/purelib/thing.py": "", "thing-1.0.data/scripts/thing": "#!python"}
    write_wheel(tmp_path, "thing", files)
    found = read_wheel(tmp_path / "thing-1.0-py3-none-any.whl")
    assert set(found) == {"thing.py", "thing-1.0.dist-info/METADATA"}
