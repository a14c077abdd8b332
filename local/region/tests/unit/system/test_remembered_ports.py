"""A bare `up` takes the ports of the last one; those that are given win."""

from __future__ import annotations

from pathlib import Path

import pytest

from localregion.services.ports import PortError, Ports
from localregion.system.folder import Folder
from localregion.system.remembered_ports import ports_to_use, remember


def test_ports_of_the_last_time_are_taken_again_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path)
    remember(folder, Ports(gateway=9000, aws=9001))
    assert ports_to_use(folder, {"AWS_PORT": "9002", "CONSOLE_PORT": ""}) == Ports(gateway=9000, aws=9002)
    assert ": GATEWAY_PORT=9000 (" in capsys.readouterr().out


def test_a_given_default_is_a_given_port_and_then_nothing_is_remembered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path)
    remember(folder, Ports(gateway=9000))
    ports = ports_to_use(folder, {"GATEWAY_PORT": "8000"})
    remember(folder, ports)
    assert (ports, ports_to_use(folder, {})) == (Ports(), Ports())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"NO_PORT": "1"}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert ports_to_use(Folder(tmp_path), {}) == Ports()


def test_a_given_port_that_is_another_ones_of_the_last_time_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    remember(folder, Ports(gateway=9000))
    with pytest.raises(PortError, match="GATEWAY_PORT and AWS_PORT are both 9000"):
        ports_to_use(folder, {"AWS_PORT": "9000"})
