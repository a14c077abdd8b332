"""Archives and bytecode depend on their sources and on nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from localregion.package.archive import to_zip
from localregion.package.bytecode import Compiler, find_compiler
from localregion.package.entries import Entry, read_sources
from localregion.package.errors import PackagingError

MODULE = Entry(b"NAMES = frozenset({'a', 'b', 'c', 'd'})\n\ndef is_name(text):\n    return text in {'x', 'y', 'z'}\n")


@pytest.fixture
def compiler() -> Compiler:
    found = find_compiler(sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}")
    assert found is not None
    return found


def test_order_times_and_modes_are_fixed() -> None:
    content = {"b.py": Entry(b"b"), "a/run": Entry(b"a", is_executable=True)}
    packed = to_zip(content)
    assert packed == to_zip(dict(reversed(content.items())))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert [(info.filename, oct(info.external_attr >> 16), info.date_time[:3]) for info in archive.infolist()] == [
            ("a/run", "0o100755", (1980, 1, 1)),
            ("b.py", "0o100644", (1980, 1, 1)),
        ]


def test_sources_are_taken_without_caches_and_hidden_files(tmp_path: Path) -> None:
    for name in ("__init__.py", "versions/0001.py", "__pycache__/x.pyc", ".cache/y", ".hidden"):
        path = tmp_path / "thing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    os.utime(tmp_path / "thing" / "__init__.py", (0, 0))
    found = read_sources({"thing": tmp_path / "thing", "lone.py": tmp_path / "thing" / "__init__.py"}, below="python/")
    assert sorted(found) == ["python/lone.py", "python/thing/__init__.py", "python/thing/versions/0001.py"]


def test_bytecode_is_the_same_each_time_and_names_the_place_where_it_will_stand(compiler: Compiler) -> None:
    (path,) = first = compiler.compile({"python/thing.py": MODULE}, place="/opt")
    assert first == compiler.compile({"python/thing.py": MODULE}, place="/opt")
    assert path == f"python/__pycache__/thing.{sys.implementation.cache_tag}.pyc"
    assert b"/opt/python/thing.py" in first[path].content


def test_bytecode_runs_without_a_look_at_the_source(compiler: Compiler, tmp_path: Path) -> None:
    for path, entry in compiler.compile({"thing.py": Entry(b"print('compiled')")}, place="/var/task").items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(entry.content)
    (tmp_path / "thing.py").write_text("print('another, and newer')")
    command = [sys.executable, "-S", "-c", "import thing"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said == "compiled\n"


def test_a_module_that_does_not_compile_is_named(compiler: Compiler) -> None:
    with pytest.raises(PackagingError, match=r"(?s)cannot compile.*/opt/broken\.py"):
        compiler.compile({"broken.py": Entry(b"def :")}, place="/opt")


def test_another_version_compiles_nothing() -> None:
    assert find_compiler(sys.executable, "3.99") is None
    with pytest.raises(PackagingError, match="is no Python"):
        find_compiler("/nowhere/python", "3.13")
