"""How long a collector that failed is left alone."""

from __future__ import annotations

from tracing.breaker import PAUSE_FIRST_S, PAUSE_MAX_S, Breaker


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def pause(breaker: Breaker, clock: Clock) -> float:
    """How long it is open after one more failure."""
    breaker.failed()
    began = clock.now
    while breaker.is_open:
        clock.now += 0.5
    return clock.now - began


def test_the_pause_doubles_with_every_failure_in_a_row_and_ends_somewhere() -> None:
    clock = Clock()
    breaker = Breaker(clock)

    assert not breaker.is_open
    pauses = [pause(breaker, clock) for _ in range(7)]
    assert pauses[:3] == [PAUSE_FIRST_S, 2 * PAUSE_FIRST_S, 4 * PAUSE_FIRST_S]
    assert pauses[-2:] == [PAUSE_MAX_S, PAUSE_MAX_S]


def test_a_success_forgets_the_failures() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        pause(breaker, clock)
    breaker.succeeded()

    assert not breaker.is_open
    assert pause(breaker, clock) == PAUSE_FIRST_S
