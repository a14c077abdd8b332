"""Every fault once, several at a time, under clients that order, retry and read: nothing lost, nothing doubled."""

from __future__ import annotations

import random

from tests.live_system import LiveSystem

from proof.chaos import nemesis, report
from proof.chaos.clients import Behaviour
from proof.chaos.faults import ALL
from proof.chaos.run import begin, busy_clients, heal_and_check

SEED = 1


def test_no_fault_loses_or_doubles_an_order(live: LiveSystem) -> None:
    run = begin(live.world())
    world = run.world
    failures: list[Exception] = []
    with busy_clients(world, Behaviour(seed=SEED, count=3, pause_s=0.3)):
        for number, group in enumerate(nemesis.one_pass(ALL, random.Random(SEED))):
            failures += nemesis.inject_together(group, world, seed=f"{SEED}/{number}")
    verdict, records = heal_and_check(run)

    print("\n".join(injection.shown() for injection in world.history.injections))  # noqa: T201 - shown on failure
    print("\n".join(report.lines(world.history, records, verdict)))  # noqa: T201
    assert not failures, [(error, *getattr(error, "__notes__", ())) for error in failures]
    assert {injection.fault for injection in world.history.injections} == set(ALL)
    assert not verdict.violations, "\n\n".join(violation.shown() for violation in verdict.violations)
    assert sum(request.is_accepted for request in world.history.requests) > 100
    assert len(records.parked) == len(world.sent.poison)
