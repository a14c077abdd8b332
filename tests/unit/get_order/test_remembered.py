"""An answer is repeated while both clocks call it recent, and asked anew otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from get_order.remembered import Remembered


@dataclass
class World:
    """Two clocks, and how often something was asked."""

    monotonic_s: float = 5.0
    wall_s: float = 1_000.0
    asked: int = 0
    failure: Exception | None = None
    remembered: Remembered[int] = field(init=False)

    def __post_init__(self) -> None:
        self.remembered = Remembered(self._ask, for_s=2.0, clocks=(lambda: self.monotonic_s, lambda: self.wall_s))

    def _ask(self) -> int:
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.asked

    def passes(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds


def test_an_answer_is_repeated_for_its_time() -> None:
    world = World()
    assert [world.remembered(), world.remembered()] == [1, 1]
    world.passes(1.9)
    assert world.remembered() == 1
    world.passes(0.2)
    assert world.remembered() == 2


def test_its_time_begins_when_it_is_given_not_when_it_is_asked_for() -> None:
    world = World()
    slow = Remembered(lambda: world.passes(5.0), for_s=2.0, clocks=(lambda: world.monotonic_s,))
    slow()
    asked_at = world.monotonic_s
    slow()
    assert world.monotonic_s == asked_at


def test_an_environment_that_was_frozen_asks_anew_though_its_monotonic_clock_stood_still() -> None:
    world = World()
    world.remembered()
    world.wall_s += 3600.0
    assert world.remembered() == 2


@pytest.mark.parametrize("step_s", [-3600.0, -0.1])
def test_a_wall_clock_that_was_set_back_keeps_nothing_alive(step_s: float) -> None:
    world = World()
    world.remembered()
    world.wall_s += step_s
    assert world.remembered() == 2


def test_a_failure_is_an_answer_like_any_other() -> None:
    world = World(failure=ValueError("away"))
    for _ in range(2):
        with pytest.raises(ValueError, match="away"):
            world.remembered()
    assert world.asked == 1
    world.failure = None
    world.passes(2.0)
    assert world.remembered() == 2
