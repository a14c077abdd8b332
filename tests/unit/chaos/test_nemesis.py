"""The same seed brings the same faults in the same company; every fault has its turn."""

import itertools
import random
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.fault import Fault, fault
from chaos.faults import ALL
from chaos.history import History
from chaos.nemesis import AT_ONCE_MAX, inject_each, rounds


def first(count: int, seed: int) -> list[list[str]]:
    return [[fault.name for fault in group] for group in itertools.islice(rounds(ALL, seed), count)]


def test_the_same_seed_brings_the_same_faults() -> None:
    assert first(100, seed=7) == first(100, seed=7)
    assert first(100, seed=7) != first(100, seed=8)


def test_every_fault_comes_once_before_any_comes_again() -> None:
    names = itertools.chain.from_iterable(first(300, seed=7))
    assert sorted(itertools.islice(names, len(ALL))) == sorted(ALL)


def test_faults_that_touch_the_same_thing_never_come_together() -> None:
    for group in first(300, seed=7):
        touched = [thing for name in group for thing in ALL[name].touches]
        assert len(touched) == len(set(touched)), group


class Breakable:
    """Things that faults break; notices when one is broken twice at a time. Nothing heals before `crowd` are broken."""

    def __init__(self, *, crowd: int) -> None:
        self.injected: list[str] = []
        self._crowd = crowd
        self._is_crowded = threading.Event()
        self._broken: list[str] = []
        self._lock = threading.Lock()

    def fault(self, name: str, *touches: str) -> Fault:
        def inject(_: Any, chance: random.Random) -> str:
            with self._lock:
                assert not set(touches) & set(self._broken)
                self.injected.append(name)
                self._broken += touches
                if len(self._broken) >= self._crowd:
                    self._is_crowded.set()
            assert self._is_crowded.wait(20)
            with self._lock:
                for thing in touches:
                    self._broken.remove(thing)
            return f"{chance.random()}"

        return fault(name, inject, *touches)


def test_each_fault_is_injected_once_as_soon_as_nothing_is_in_its_way() -> None:
    things = Breakable(crowd=AT_ONCE_MAX)
    faults = {f"{thing} {number}": things.fault(f"{thing} {number}", thing) for thing in "abcde" for number in range(4)}
    world: Any = SimpleNamespace(history=History())

    assert inject_each(faults, world, seed=1) == []
    assert sorted(things.injected) == sorted(faults)
    assert {injection.fault for injection in world.history.injections} == set(faults)


def test_a_fault_that_does_not_work_is_returned_and_the_others_have_their_turn() -> None:
    def inject(_: Any, __: random.Random) -> str:
        raise OSError("no effect")

    things = Breakable(crowd=1)
    world: Any = SimpleNamespace(history=History())
    (error,) = inject_each({"bad": fault("bad", inject, "a"), "good": things.fault("good", "a")}, world, seed=1)

    with pytest.raises(OSError, match="no effect"):
        raise error
    assert things.injected == ["good"]
