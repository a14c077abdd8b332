"""The same seed brings the same faults in the same company; every fault has its turn."""

import itertools

from proof.chaos.faults import ALL
from proof.chaos.nemesis import rounds


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
