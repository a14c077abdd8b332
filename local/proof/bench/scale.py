"""Rows `scale`: a page, an audit and a relay's run beside a million rows in each table, and beside ten thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.rows_at_scale import measured
from proof.bench.second_system import SecondSystem

SMALL, LARGE = 10_000, 1_000_000


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield a row for each. Raises SecondSystemError."""
    progress(f"scale: databases with {SMALL:,} and {LARGE:,} rows in each table, then {rounds} rounds")
    for name, (small, large) in measured(system, folder=folder, counts=(SMALL, LARGE), runs=rounds).items():
        yield Row(
            row="scale",
            measured=f"{name}, beside {LARGE:,} rows of each table",
            ours=Sample(tuple(seconds * 1000 for seconds in large), "ms"),
            beside=f"beside {SMALL:,}",
            theirs=Sample(tuple(seconds * 1000 for seconds in small), "ms"),
            ratio=paired_ratio(large, small),
            budget=Budget(figure="ratio", at="most", limit=1.5),
        )
