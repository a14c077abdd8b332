"""Row `relay`: one run of `outbox_relay` over a full outbox, beside the commit before.

Each side has its own system, database and broker included, and runs from its own checkout; both are traced, to a
collector that answers at once. The events are those of orders. The system's own run, once a minute, may take rows out
of a round: that round is measured again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from proof.bench.collector import VARIABLE, Collector
from proof.bench.databases import run_loop
from proof.bench.due_events import FILL
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.mapping import ConsumerMapping
from proof.bench.second_system import SecondSystem, SecondSystemError

ROWS = 20_000
ATTEMPTS = 3


@dataclass(frozen=True)
class Run:
    """What one run of the relay took."""

    per_s: float
    cpu_us: float


def measure(
    system: SecondSystem, base: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]
) -> Iterator[Row]:
    """Yield the rows. Raises SecondSystemError."""
    seen: list[tuple[Run, Run]] = []
    mappings = [ConsumerMapping(each.endpoints) for each in (system, base)]
    with Collector() as collector, contextlib.ExitStack() as disabled:
        for mapping in mappings:
            disabled.enter_context(mapping.disabled())
        for number in range(rounds):
            progress(f"relay: round {number + 1} of {rounds}")
            ours, theirs = (_drain(each, folder, collector.endpoint) for each in (system, base))
            seen.append((ours, theirs))
            for mapping in mappings:
                mapping.purge()
    yield from _rows(seen)


def _drain(system: SecondSystem, folder: Path, collector: str) -> Run:
    """Fill the outbox and empty it by one run of the function."""
    out = folder / "relay.json"
    environment = system.function_environment("outbox_relay") | {VARIABLE: collector}
    for _ in range(ATTEMPTS):
        with psycopg.connect(system.superuser_dsn, autocommit=True) as database:
            database.execute("TRUNCATE orders.outbox")
            database.execute(FILL, [ROWS])
            database.execute("ANALYZE orders.outbox")
        run_loop("proof.bench.relay_loop", environment, folder, [str(out)], root=system.root)
        report = json.loads(out.read_text())
        if report["published"] == ROWS:
            return Run(per_s=ROWS / report["seconds"], cpu_us=report["cpu_s"] / ROWS * 1e6)
    raise SecondSystemError(f"the relay published {report['published']} of {ROWS} rows")


def _rows(seen: list[tuple[Run, Run]]) -> Iterator[Row]:
    def row(measured: str, unit: str, figure: Callable[[Run], float], budget: Budget | None) -> Row:
        ours, theirs = tuple(figure(one) for one, _ in seen), tuple(figure(other) for _, other in seen)
        return Row(
            row="relay",
            measured=measured,
            ours=Sample(ours, unit),
            beside="the commit before",
            theirs=Sample(theirs, unit),
            ratio=paired_ratio(ours, theirs),
            budget=budget,
        )

    least = Budget(figure="ratio", at="least", limit=2.2)
    yield row(f"{ROWS:,} due rows, traced", "msg/s", lambda run: run.per_s, least)
    yield row("its processor time a message", "us", lambda run: run.cpu_us, None)
