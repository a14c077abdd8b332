"""What the operator's commands say before anybody is asked, and how they print what came from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from localregion.__main__ import main
from orders.failures import printable
from orders.operations import _shortened, cells, counted


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))


@pytest.mark.parametrize(
    "arguments",
    [
        *(["parked"], ["replay", "--all"], ["dismiss", "--id=x"]),
        *(["outbox"], ["postpone", "--id=x"], ["remove", "--id=x"], ["audit"]),
        *(["unmatched"], ["dismiss-unmatched", "--id=x"], ["erase", "--customer=x"]),
    ],
)
def test_without_a_system_a_command_says_how_to_start_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err == "error: nothing is running: `make up` starts it\n"


@pytest.mark.parametrize(
    "arguments",
    [
        *(["replay"], ["replay", "--id="], ["replay", "--id=x", "--all"]),
        *(["dismiss"], ["postpone"], ["remove"], ["dismiss-unmatched"]),
    ],
)
def test_a_command_that_is_not_told_which_explains_itself(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert f"say which: `make {arguments[0]} ID=…`" in capsys.readouterr().err


def test_an_erasure_that_is_not_told_whose_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase"]) == 1
    assert "say which: `make erase CUSTOMER=…`" in capsys.readouterr().err


def test_text_from_outside_has_no_power_over_a_terminal() -> None:
    assert printable("é\x1b[2J\n\u202e") == "é\\x1b[2J\\n\\u202e"


def test_a_long_reason_is_shortened() -> None:
    assert _shortened("x" * 100) == "x" * 100
    assert _shortened("x" * 101) == "x" * 99 + "…"


def test_what_is_not_there_is_a_dash_and_one_row_is_no_rows() -> None:
    assert cells({"attempts": 0, "lastError": None}, ("attempts", "lastError")) == ["0", "-"]
    assert (counted(0, "row"), counted(1, "row"), counted(2, "row")) == ("0 rows", "1 row", "2 rows")
