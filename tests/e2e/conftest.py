"""The whole system, used from outside."""

from collections.abc import Callable

import pytest
from tests.live_system import LiveSystem, wait_for

from localregion.__main__ import main

__all__ = ["Command", "LiveSystem", "wait_for"]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(live: LiveSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m localregion …` without the process: its exit status, output and errors."""
    monkeypatch.setenv("LOCAL_DIR", live.environ["LOCAL_DIR"])

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(list(arguments)), *capsys.readouterr()

    return run
