"""What keeps functions, layers and archives on disk."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from integration.aws.region_emulator import zipped

from localregion.aws.http.errors import LambdaApiError
from localregion.aws.lambda_.registry.archives import Archives
from localregion.aws.lambda_.registry.registry import Registry
from localregion.aws.lambda_.registry.state import StoredFunction, StoredLayer, Version


def function(archive: str) -> StoredFunction:
    return StoredFunction(latest=Version(configuration={"Timeout": 3}, archive=archive, layer_archives=["l"]))


def test_a_change_is_read_again(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with registry.change() as state:
        state.functions["f"] = function("a")
        state.layers["l"] = StoredLayer(versions={"1": {"archive": "l1"}}, next_version=2)
        state.mappings["m"] = {"tags": {}}
    assert Registry(tmp_path).state == registry.state
    assert registry.state.archives() == {"a", "l", "l1"}


def test_a_change_that_is_refused_leaves_everything_as_it_was(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with registry.change() as state:
        state.functions["f"] = function("a")

    def refuse() -> None:
        with registry.change() as state:
            state.functions["f"].tags["a"] = "b"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refuse()
    assert registry.state.functions["f"].tags == {}
    assert Registry(tmp_path).state == registry.state


def test_a_change_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    (tmp_path / "registry.new").mkdir()
    with pytest.raises(IsADirectoryError), registry.change() as state:
        state.functions["f"] = function("a")
    assert registry.state.functions == {}


def test_a_registry_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text('{"format": 0}')
    with pytest.raises(ValueError, match="has format 0, this program reads 1"):
        Registry(tmp_path)


def test_an_upload_that_comes_many_times_at_once_is_kept_once(tmp_path: Path) -> None:
    archives, content = Archives(tmp_path), zipped({f"{number}.py": "x" * number for number in range(50)})
    with ThreadPoolExecutor(8) as pool:
        [name] = set(pool.map(lambda _: archives.add(content), range(16)))
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.zip"}
    assert len(list(archives.unpacked(name).iterdir())) == 50


def merged(archives: Archives, *layers: Mapping[str, str]) -> dict[str, str]:
    folder = archives.merged([archives.add(zipped(files)) for files in layers])
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_later_layers_win_file_by_file(tmp_path: Path) -> None:
    found = merged(Archives(tmp_path), {"a/b": "1", "a/c": "1"}, {"a/c": "2", "d": "2"})
    assert found == {"a/b": "1", "a/c": "2", "d": "2"}


def test_a_folder_takes_the_place_of_a_file_and_the_other_way_round(tmp_path: Path) -> None:
    assert merged(Archives(tmp_path), {"a": "1", "b/c": "1"}, {"a/d": "2", "b": "2"}) == {"a/d": "2", "b": "2"}


def test_an_archive_is_as_it_was_when_a_merged_file_is_replaced(tmp_path: Path) -> None:
    archives = Archives(tmp_path)
    name = archives.add(zipped({"a": "1"}))
    assert merged(archives, {"a": "1"}, {"a": "2"}) == {"a": "2"}
    assert (archives.unpacked(name) / "a").read_text() == "1"


@pytest.mark.parametrize("files", [{"a": "1", "a/b": "2"}, {"a/b": "2", "a": "1"}], ids=["file", "folder"])
def test_one_name_for_a_file_and_a_folder_is_refused(tmp_path: Path, files: dict[str, Any]) -> None:
    with pytest.raises(LambdaApiError, match="Could not unzip uploaded file"):
        Archives(tmp_path).add(zipped(files))
    assert not list(tmp_path.iterdir())


def test_what_is_not_used_is_removed(tmp_path: Path) -> None:
    archives = Archives(tmp_path)
    kept, gone = archives.add(zipped({"a": "1"})), archives.add(zipped({"a": "2"}))
    opt, other = archives.merged([kept]), archives.merged([gone])
    (tmp_path / "new-half").mkdir()
    archives.keep_only({kept}, {opt})
    assert {path.name for path in tmp_path.iterdir()} == {kept, f"{kept}.zip", opt.name}
    assert not other.exists()
