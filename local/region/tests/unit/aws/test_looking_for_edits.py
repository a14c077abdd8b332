"""Sources are looked at for edits ten times a second at most, however many invocations come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from localregion.aws.lambda_.environments import scaling as function_scaling
from localregion.aws.lambda_.environments.scaling import FunctionScaling


class Idle:
    """An environment that is always ready, of the first version."""

    debug_port, code_version, idle_since = None, 1, 0.0

    def __init__(self) -> None:
        self.is_killed = False

    def kill(self) -> None:
        self.is_killed = True


class Sources:
    """The code: `looks` counts the looks, each of which finds what was edited before."""

    def __init__(self) -> None:
        self.version, self.edited, self.looks = 1, 1, 0

    def check(self) -> int:
        self.looks += 1
        self.version = self.edited
        return self.version


def test_a_row_of_invocations_looks_once_in_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now, code, environment = [100.0], Sources(), Idle()
    monkeypatch.setattr(function_scaling.time, "monotonic", lambda: now[0])
    scaling: Any = FunctionScaling(SimpleNamespace(code=code), (), make_room=lambda: None)  # type: ignore[arg-type]

    def served() -> bool:
        """Whether the idle environment served an invocation now; another one would have to be started."""
        scaling._idle[:] = [] if environment.is_killed else [environment]
        scaling._retire_outdated()
        return bool(scaling._idle)

    for _ in range(50):
        assert served()
        now[0] += 0.01
    assert code.looks == 5
    code.edited = 2
    now[0] += function_scaling.EDITS_EVERY_S
    assert not served()
    assert environment.is_killed
