"""What `[tool.localregion]` says, and how messages name a command by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from localregion import __main__, project
from localregion.project import ProjectError


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.localregion]\n")
    return file


def test_a_program_that_keeps_to_the_defaults_says_nothing(table: Path) -> None:
    described = project.current()
    assert (described.program, described.gateway, described.queues, described.command) == (
        "infra",
        None,
        (),
        "localregion",
    )


def test_messages_name_the_platforms_own_command(table: Path) -> None:
    assert project.command("up") == "localregion up"
    assert project.command("up", "AWS_PORT=...") == "AWS_PORT=... localregion up"


def test_messages_name_make_where_the_project_says_so(table: Path) -> None:
    table.write_text('[tool.localregion]\ncommand = "make"\n')
    assert project.command("up") == "make up"
    assert project.command("up", "AWS_PORT=...") == "make up AWS_PORT=..."


def test_outside_of_any_project_messages_name_the_platforms_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert project.command("up") == "localregion up"


def test_an_unknown_key_is_refused_with_those_that_there_are(table: Path) -> None:
    table.write_text('[tool.localregion]\ncomand = "make"\n')
    with pytest.raises(ProjectError, match="has no comand; it takes command, extension, gateway"):
        project.current()


def test_help_needs_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert __main__.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in ("up", "down", "status", "plan", "package", "psql"))


def test_an_unknown_command_is_answered_with_the_help(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["upp"]) == 2
    assert "usage: localregion COMMAND" in capsys.readouterr().err
