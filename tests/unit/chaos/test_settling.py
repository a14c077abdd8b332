"""When a healed system counts as settled, and when as stalled."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from proof.chaos import run
from proof.chaos.history import History, Injection


@dataclass
class FakeWorld:
    """A world whose time passes while it is waited for; `waits_until` is when its outbox is empty."""

    waits_until: float
    history: Any
    now: float = 0.0
    invoked: list[str] = field(default_factory=list)

    def invoke(self, function: str, payload: dict[str, Any]) -> None:
        self.invoked.append(function)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        return [(2, 1, 7, "501")] if "attempts" in statement else [(3,)]


def settle(monkeypatch: pytest.MonkeyPatch, *, waits_until: float, fault_ended: float) -> list[str]:
    history = History(injections=[Injection(fault="f", began_s=0.0, ended_s=fault_ended, evidence="")])
    world = FakeWorld(waits_until, history)
    monkeypatch.setattr(history, "now", lambda: world.now)
    monkeypatch.setattr(run, "_waiting", lambda _: "outbox" if world.now < world.waits_until else "")

    def sleep(seconds: float) -> None:
        world.now += seconds

    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: world.now, sleep=sleep))
    untyped: Any = world
    return run.wait_until_settled(untyped)


def test_what_moves_within_90_s_of_the_last_fault_has_not_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle(monkeypatch, waits_until=88.0, fault_ended=0.0) == []
    assert settle(monkeypatch, waits_until=98.0, fault_ended=10.0) == []


@pytest.mark.parametrize("waits_until", [95.0, 10_000.0])
def test_what_moves_later_or_never_has_stalled_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, waits_until: float
) -> None:
    (stalled,) = settle(monkeypatch, waits_until=waits_until, fault_ended=0.0)
    assert "outbox; 2 outbox rows, 1 due, at most 7 attempts (501); 3 orders without invoice" in stalled
