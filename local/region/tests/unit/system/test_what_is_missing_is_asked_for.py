"""A command of make's without its variable says which one it wants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localregion.__main__ import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("command", ["stop", "start"])
def test_without_a_service_the_services_are_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, ""]) == 1
    wanted = "SERVICE=…` with rabbitmq, postgres, emulator, gateway, console\n"
    said = capsys.readouterr().err
    assert said.startswith("error: say which: `")
    assert said.endswith(wanted)


def test_without_a_function_the_variable_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "endpoints.json").write_text(json.dumps({"aws": "http://127.0.0.1:1"}))
    assert main(["debug", ""]) == 1
    assert "FUNCTION=…` with the name of a function" in capsys.readouterr().err


def test_down_and_clean_say_what_they_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "nothing was running\n"
    (folder / "secrets.json").touch()
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == f"nothing was running\nremoved: {folder}\n"
