"""The index that pip is configured for is the one that uv asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localregion.package.uv import configured_index


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, str]:
    """An environment without settings of pip or uv, and a configuration file of pip."""
    file = tmp_path / "pip.conf"
    file.write_text("")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
    return {**kept, "PIP_CONFIG_FILE": str(file), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}


def test_a_mirror_of_pips_configuration_is_uvs_default_index(outside: dict[str, str]) -> None:
    Path(outside["PIP_CONFIG_FILE"]).write_text("[global]\nindex-url = https://me:word@mirror.invalid/simple\n")
    assert configured_index(outside).environment["UV_DEFAULT_INDEX"] == "https://me:word@mirror.invalid/simple"


def test_pips_variables_go_before_its_file_and_its_install_section_before_the_global_one(
    outside: dict[str, str],
) -> None:
    Path(outside["PIP_CONFIG_FILE"]).write_text(
        "[global]\nindex-url = https://one.invalid\nproxy = http://one.invalid\n"
        "[install]\nindex-url = https://two.invalid\nproxy = http://two.invalid\n"
    )
    found = configured_index({**outside, "PIP_INDEX_URL": "https://three.invalid"}).environment
    assert (found["UV_DEFAULT_INDEX"], found["ALL_PROXY"]) == ("https://three.invalid", "http://two.invalid")


def test_all_of_pips_indexes_are_asked_as_pip_does(outside: dict[str, str], tmp_path: Path) -> None:
    links = f"{tmp_path} {tmp_path / 'missing'} https://links.invalid/"
    settings = {"PIP_EXTRA_INDEX_URL": "https://a.invalid https://b.invalid", "PIP_FIND_LINKS": links}
    found = configured_index({**outside, **settings})
    assert found.environment["UV_INDEX"] == "https://a.invalid https://b.invalid"
    assert found.environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert found.environment["UV_FIND_LINKS"] == f"{tmp_path},https://links.invalid/"
    assert found.flags == ()


def test_without_an_index_for_pip_there_is_none_for_uv(outside: dict[str, str]) -> None:
    assert configured_index({**outside, "PIP_NO_INDEX": "1"}).flags == ("--no-index",)


def test_an_index_that_uv_is_told_goes_before_pips(outside: dict[str, str]) -> None:
    told = {**outside, "PIP_INDEX_URL": "https://pip.invalid", "UV_INDEX_URL": "https://uv.invalid"}
    assert configured_index(told).environment == told


def test_where_pip_has_no_settings_uv_is_told_nothing(outside: dict[str, str]) -> None:
    unset = {**outside, "PIP_CONFIG_FILE": os.devnull}
    assert configured_index(unset).environment == unset


def test_uv_is_run_with_that_index_and_its_status(outside: dict[str, str], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "localregion.package.uv",
        "pip",
        "compile",
        "-",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    told = {**outside, "PYTHONPATH": "local", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    root = Path(__file__).parents[3]
    child = subprocess.run(command, input="thing", cwd=root, env=told, capture_output=True, text=True, check=False)
    assert child.returncode != 0
    assert "thing was not found in the provided package locations" in child.stderr
