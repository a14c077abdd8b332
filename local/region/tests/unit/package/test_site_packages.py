"""What is taken from an installation, and what stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from localregion.package.errors import PackagingError
from localregion.package.site_packages import is_needed, read_packages

# The digest of "x = 1\n", in urlsafe base64.
RECORDED = "thing.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n"


def install(prefix: Path, files: dict[str, str], record: str) -> Path:
    site_packages = prefix / "lib" / "python3.13" / "site-packages"
    about = {
        "thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Thing\nVersion: 1.0\n",
        "thing-1.0.dist-info/RECORD": record,
    }
    for path, content in {**files, **about}.items():
        (site_packages / path).parent.mkdir(parents=True, exist_ok=True)
        (site_packages / path).write_text(content)
    return prefix


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
        "thing-1.0.dist-info/INSTALLER",
        "thing-1.0.dist-info/REQUESTED",
        "thing-1.0.dist-info/direct_url.json",
        "thing-1.0.dist-info/uv_cache.json",
        "../../../bin/thing",
        "../../../include/site/python3.13/thing/thing.h",
    ],
)
def test_what_nobody_reads_there_is_left_out(path: str) -> None:
    assert not is_needed(path)


def test_a_package_is_the_files_of_its_record(tmp_path: Path) -> None:
    files = {"thing.py": "x = 1\n", "of_no_package.py": ""}
    packages = read_packages(install(tmp_path, files, RECORDED + "thing-1.0.dist-info/METADATA,,\n"))
    assert {name: sorted(content) for name, content in packages.items()} == {
        "thing": ["thing-1.0.dist-info/METADATA", "thing.py"]
    }


def test_a_file_that_is_not_what_its_record_says_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match=r"thing\.py of Thing is damaged in uv's cache"):
        read_packages(install(tmp_path, {"thing.py": "x = 2\n"}, RECORDED))
