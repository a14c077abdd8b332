"""A function's sources: where they are, how they appear, when they changed."""

import dataclasses
import importlib.util
import os
from pathlib import Path

import pytest

from localregion.aws.lambda_.functions.code import FunctionCode
from localregion.plan.model import Function
from localregion.plan.sources import UnknownLayerError

FUNCTION = Function(
    name="orders",
    arn="arn:aws:lambda:us-east-1:000000000000:function:orders",
    handler="orders.handler.lambda_handler",
    runtime="python3.13",
    architecture="arm64",
    memory_mb=128,
    timeout_s=3,
    environment={},
    code="dist/functions/orders.zip",
    layers=[
        "dist/layers/dependencies.zip",
        "dist/layers/first.zip",
        "dist/layers/second.zip",
        "arn:aws:lambda:us-east-1:000000000000:layer:external:1",
    ],
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "functions/orders/handler.py", "a = 1")
    write(tmp_path / "functions/other/handler.py", "b = 1")
    write(tmp_path / "layers/first/python/contracts/__init__.py", "first = 1")
    write(tmp_path / "layers/first/python/one.py", "one = 1")
    write(tmp_path / "layers/second/python/contracts/__init__.py", "second = 1")
    return tmp_path


@pytest.fixture
def code(root):
    return FunctionCode(FUNCTION, root=root, state=root / "state")


def test_a_task_root_holds_the_functions_own_package_only(code):
    assert os.listdir(code.task_root) == ["orders"]


def test_what_a_function_wrote_beside_its_code_breaks_no_later_start(code, root):
    write(code.task_root / "cache.json", "{}")
    write(code.layers_root / "folder" / "cache.json", "{}")
    write(root / "functions/orders/handler.py", "a = 22")
    assert code.check() == 2
    assert os.listdir(code.task_root) == ["orders"]
    assert sorted(os.listdir(code.layers_root)) == ["contracts", "one.py"]


def test_later_layers_win(code):
    assert sorted(os.listdir(code.layers_root)) == ["contracts", "one.py"]
    assert (code.layers_root / "contracts/__init__.py").read_text() == "second = 1"


def test_nothing_changed_is_the_same_version(code):
    assert code.check() == code.check()


@pytest.mark.parametrize("path", ["functions/orders/handler.py", "layers/first/python/one.py"])
def test_an_edited_file_is_a_new_version(code, root, path):
    before = code.check()
    write(root / path, "a = 2")
    assert code.check() == before + 1 == code.check()


def test_a_new_file_and_a_removed_file_are_new_versions(code, root):
    before = code.check()
    added = write(root / "functions/orders/queries.py", "c = 1")
    assert code.check() == before + 1
    added.unlink()
    assert code.check() == before + 2


def test_a_new_module_of_a_layer_appears(code, root):
    write(root / "layers/second/python/two.py", "two = 1")
    code.check()
    assert (code.layers_root / "two.py").read_text() == "two = 1"


def test_bytecode_and_other_functions_are_no_change(code, root):
    before = code.check()
    write(root / "functions/orders/__pycache__/handler.cpython-311.pyc", "")
    write(root / "functions/other/handler.py", "b = 2")
    assert code.check() == before


def test_an_edit_forgets_the_bytecode_that_python_might_take_for_current(code, root):
    handler = root / "functions/orders/handler.py"
    bytecode = write(Path(importlib.util.cache_from_source(str(handler))), "old")
    code.check()
    write(handler, "a = 3")
    code.check()
    assert not bytecode.exists()


def test_the_hash_follows_the_contents_and_not_the_times(code, root):
    before = code.content_hash()
    os.utime(root / "functions/orders/handler.py", (1, 1))
    code.check()
    assert code.content_hash() == before
    write(root / "functions/orders/handler.py", "a = 4")
    code.check()
    assert code.content_hash() != before


def test_missing_code_is_named(root):
    with pytest.raises(UnknownLayerError, match="layers/missing/python"):
        FunctionCode(dataclasses.replace(FUNCTION, layers=["dist/layers/missing.zip"]), root=root, state=root / "state")


def test_a_layer_that_mounts_a_folder_of_the_project_is_mounted(root):
    write(root / "migrations/env.py", "a = 1")
    write(root / "pyproject.toml", '[tool.localregion.layers]\nmigrations = { sources = ["migrations"] }\n')
    function = dataclasses.replace(FUNCTION, layers=["dist/layers/migrations.zip"])
    code = FunctionCode(function, root=root, state=root / "state")
    assert (code.layers_root / "migrations/env.py").exists()
    before = code.check()
    write(root / "migrations/env.py", "a = 2")
    assert code.check() == before + 1
