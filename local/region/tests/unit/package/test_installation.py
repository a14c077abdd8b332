"""What uv is let install: the group's packages at the lock's versions, for the target, as wheels, by hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from unit.package.synthetic_wheel import write_wheel

from localregion.package.errors import NetworkError, PackagingError
from localregion.package.installation import Installer
from localregion.package.site_packages import read_packages
from localregion.package.target import Target
from localregion.package.third_party import OF_THE_RUNTIME
from localregion.package.uv import Index

TARGET = Target(python_version="3.13", machine="aarch64")


@contextmanager
def http_server(folder: Path, *, below: str) -> Iterator[str]:
    """Serve a folder as the page of one package of an index; return the index's address."""

    class Page(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return str(folder / path.removeprefix(below)) if path.startswith(below) else "/nowhere"

        def log_message(self, *of: object) -> None:
            """Keep the tests' output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Project:
    """A folder with a dependency group, a lock and a folder of wheels, which is the index."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.cache = folder / "cache"
        self.wheels = folder / "wheels"
        for path in (self.root, self.wheels):
            path.mkdir()

    def lock(self, *blocks: str, group: str) -> None:
        (self.root / "requirements.lock").write_text("".join(blocks))
        (self.root / "pyproject.toml").write_text(f'[dependency-groups]\nfunctions = ["{group}"]\n')

    def wheel(self, name: str, files: Mapping[str, str] | None = None, *, requires: str = "", tag: str = "") -> str:
        return write_wheel(self.wheels, name, dict(files or {}), requires=requires, tag=tag or "py3-none-any")

    def install(self, folder: Path, *flags: str) -> list[str]:
        """Return the files that are taken of it."""
        folder.mkdir()
        index = Index(environment=os.environ, flags=flags or ("--no-index", "--find-links", str(self.wheels)))
        installer = Installer(
            root=self.root, cache=self.cache, target=TARGET, index=index, excluded=frozenset({"boto3"})
        )
        packages = read_packages(installer.install("functions", folder))
        return [path for files in packages.values() for path in sorted(files) if "dist-info" not in path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_group_comes_with_what_its_packages_require_on_the_target(project: Project, tmp_path: Path) -> None:
    alone = project.wheel("alone", {"alone.py": ""}, requires="thing[fast]\nRequires-Dist: boto3>=1")
    thing = project.wheel(
        "thing",
        {"thing.py": ""},
        requires="quick ; extra == 'fast'\nProvides-Extra: fast\n"
        "Requires-Dist: other ; extra == 'other'\nProvides-Extra: other\n"
        "Requires-Dist: winthing ; sys_platform == 'win32'\nRequires-Dist: oldthing ; python_version < '3.13'",
    )
    quick = project.wheel("quick", {"quick.py": ""}, tag="cp313-cp313-manylinux_2_34_aarch64")
    rest = [project.wheel(name, {f"{name}.py": ""}) for name in ("other", "winthing", "oldthing", "tool")]
    project.lock(alone, thing, quick, *rest, group="alone>=1")
    assert project.install(tmp_path / "a") == ["alone.py", "quick.py", "thing.py"]


def test_the_version_of_the_lock_is_taken_although_there_is_a_newer_one(project: Project, tmp_path: Path) -> None:
    project.lock(project.wheel("thing", {"old.py": ""}), group="thing")
    newer = (project.wheels / "thing-1.0-py3-none-any.whl").read_bytes().replace(b"thing-1.0", b"thing-2.0")
    newer = newer.replace(b"Version: 1.0\n", b"Version: 2.0\n")
    (project.wheels / "thing-2.0-py3-none-any.whl").write_bytes(newer)
    assert project.install(tmp_path / "a") == ["old.py"]


def test_scripts_and_headers_stay_behind(project: Project, tmp_path: Path) -> None:
    files = {
        "thing-1.0.data/purelib/thing.py": "",
        "thing-1.0.data/scripts/thing": "#!python",
        "thing-1.0.data/headers/thing.h": "",
        "thing-1.0.data/data/share/thing.txt": "",
        "thing-1.0.dist-info/entry_points.txt": "[console_scripts]\nrun-thing = thing:main\n",
    }
    project.lock(project.wheel("thing", files), group="thing")
    assert project.install(tmp_path / "a") == ["thing.py"]


def test_what_an_index_served_once_needs_it_no_longer(project: Project, tmp_path: Path) -> None:
    project.lock(project.wheel("thing", {"thing.py": ""}), group="thing")
    with http_server(project.wheels, below="/thing/") as url:
        assert project.install(tmp_path / "first", "--default-index", url) == ["thing.py"]
    assert project.install(tmp_path / "second", "--default-index", url) == ["thing.py"]


def test_a_package_that_the_lock_lacks_is_named(project: Project, tmp_path: Path) -> None:
    project.wheel("thing")
    project.lock(project.wheel("alone", requires="thing"), group="alone")
    with pytest.raises(PackagingError, match=r"(?s)run `make lock`.*`thing`"):
        project.install(tmp_path / "a")


def test_a_requirement_that_the_lock_lacks_is_named(project: Project, tmp_path: Path) -> None:
    project.wheel("thing")
    project.lock(project.wheel("alone"), group="thing")
    with pytest.raises(PackagingError, match=r"(?s)run `make lock`.*thing"):
        project.install(tmp_path / "a")


def test_a_wheel_with_another_hash_is_refused(project: Project, tmp_path: Path) -> None:
    locked = project.wheel("thing", {"thing.py": ""})
    project.wheel("thing", {"thing.py": "import evil"})
    project.lock(locked, group="thing")
    with pytest.raises(PackagingError, match=r"(?s)another file than the one that was locked.*`thing==1\.0`"):
        project.install(tmp_path / "a")
    assert list((tmp_path / "a").rglob("thing*")) == []


def test_a_cached_wheel_is_refused_when_the_lock_has_another_hash(project: Project, tmp_path: Path) -> None:
    thing = project.wheel("thing", {"thing.py": ""})
    project.lock(thing, group="thing")
    assert project.install(tmp_path / "first") == ["thing.py"]
    hashed = hashlib.sha256(b"another").hexdigest()
    project.lock(f"thing==1.0 --hash=sha256:{hashed}\n", group="thing")
    with pytest.raises(PackagingError, match=r"(?s)another file than the one that was locked.*`thing==1\.0`"):
        project.install(tmp_path / "second")


def test_a_wheel_for_another_processor_is_none(project: Project, tmp_path: Path) -> None:
    project.lock(project.wheel("thing", tag="cp313-cp313-manylinux2014_x86_64"), group="thing")
    with pytest.raises(PackagingError, match=r"(?s)python3\.13-aarch64.*ships a wheel for it.*thing==1\.0"):
        project.install(tmp_path / "a")


def test_a_wheel_for_a_newer_system_than_lambdas_is_none(project: Project, tmp_path: Path) -> None:
    project.lock(project.wheel("thing", tag="cp313-cp313-manylinux_2_35_aarch64"), group="thing")
    with pytest.raises(PackagingError, match=r"(?s)ships a wheel for it.*thing==1\.0"):
        project.install(tmp_path / "a")


def test_a_package_that_has_to_be_built_is_refused(project: Project, tmp_path: Path) -> None:
    source = project.wheels / "thing-1.0.tar.gz"
    source.write_bytes(b"never opened")
    project.lock(f"thing==1.0 --hash=sha256:{hashlib.sha256(b'never opened').hexdigest()}\n", group="thing")
    with pytest.raises(PackagingError, match=r"(?s)ships a wheel, Lambda cannot build it.*thing==1\.0"):
        project.install(tmp_path / "a")


def test_an_index_that_does_not_answer_is_said_to_be_that_without_its_password(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    project.lock(project.wheel("thing"), group="thing")
    with pytest.raises(NetworkError, match=r"(?s)index does not answer.*python3\.13-aarch64.*thing") as caught:
        project.install(tmp_path / "a", "--default-index", "http://user:secret@127.0.0.1:1/simple")
    assert "secret" not in str(caught.value)


def test_what_the_runtime_has_is_left_out() -> None:
    assert {"boto3", "awslambdaric"} <= OF_THE_RUNTIME
