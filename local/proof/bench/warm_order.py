"""Row `order`: a warm `POST /orders` in the function, beside its SQL statements and its confirmed publish alone.

Then the same with tracing on, which ends each invocation with an export to a collector, beside tracing off.

The handler is called in-process, so neither the runtime client nor the emulator is in the figure: the row is about what
the function adds to work that has to be done. The consumer's mapping is disabled meanwhile and the queue purged after.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from proof.bench.collector import VARIABLE, Collector
from proof.bench.databases import run_loop
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.second_system import SecondSystem, SecondSystemError


def measure(system: SecondSystem, *, folder: Path, rounds: int) -> Iterator[Row]:
    """Yield the rows. Raises SecondSystemError."""
    out = folder / "order.json"
    with Collector() as collector:
        environment = system.function_environment("create_order") | {VARIABLE: collector.endpoint}
        run_loop("proof.bench.order_loop", environment, folder, [str(rounds), str(out)])
        if collector.requests < rounds:
            raise SecondSystemError("the function exported no spans")
    yield from _rows(json.loads(out.read_text()))


def _rows(figures: list[dict[str, dict[str, float]]]) -> Iterator[Row]:
    def row(measured: str, ours: str, theirs: str, *, what: str, limit: float) -> Row:
        values, beside = tuple(each[ours][what] for each in figures), tuple(each[theirs][what] for each in figures)
        return Row(
            row="order",
            measured=measured,
            ours=Sample(values, "ms"),
            beside="same SQL, same publish, raw" if theirs == "raw" else "tracing off",
            theirs=Sample(beside, "ms"),
            ratio=paired_ratio(values, beside),
            budget=Budget(figure="ratio", at="most", limit=limit),
        )

    yield row("warm POST /orders, in-process", "untraced", "raw", what="time", limit=1.2)
    yield row("the same with tracing exporting", "traced", "untraced", what="time", limit=1.3)
    yield row("its processor time", "traced", "untraced", what="cpu", limit=1.5)
