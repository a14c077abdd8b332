"""Row `up`: `make up` with everything installed, to the first order's 201, without and with state from before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from proof.bench.figures import Budget, Row, Sample
from proof.bench.second_system import SecondSystem

_BUDGET = Budget(figure="value", at="most", limit=10.0)


def measure(system: SecondSystem, *, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield both rows; the system is up afterwards. Raises SecondSystemError."""
    fresh, again = [], []
    for number in range(rounds):
        progress(f"up: round {number + 1} of {rounds}, new state")
        system.down()
        system.forget()
        fresh.append(_make_up(system, progress))
        system.down()
        progress(f"up: round {number + 1} of {rounds}, with that state")
        again.append(_make_up(system, progress))
    for name, seconds in (("new state", fresh), ("state from before", again)):
        yield Row(
            row="up",
            measured=f"make up to the first 201, {name}",
            ours=Sample(tuple(seconds), "s"),
            budget=_BUDGET,
        )


def _make_up(system: SecondSystem, progress: Callable[[str], None]) -> float:
    seconds = system.make_up()
    for part in system.parts:
        progress(f"  {part}")
    return seconds
