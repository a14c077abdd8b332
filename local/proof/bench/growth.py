"""Row `growth`: a run of the relay beside a million rows that it has nothing to do with, beside ten thousand.

Each has a database of its own, as in the row `pages`: orders, their idempotency keys, none of which has expired, and
events of which none is due, half of them failed before. What a run finds to do is the same in both. Pages and audits
have rows of their own.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from proof.bench import rows_at_scale
from proof.bench.databases import Connection, run_loop, seeded
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.mapping import ConsumerMapping
from proof.bench.second_system import SecondSystem

SMALL, LARGE = 10_000, 1_000_000


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield the row. Raises SecondSystemError."""
    out = folder / "growth.json"
    with ConsumerMapping(system.endpoints).disabled(), contextlib.ExitStack() as databases:
        names = []
        for count in (SMALL, LARGE):
            progress(f"growth: a database with {count:,} orders, keys and events")
            name = f"bench_growth_{count}"
            names.append(databases.enter_context(seeded(system.superuser_dsn, name, partial(_seed, count=count))))
        progress(f"growth: {rounds} rounds")
        arguments = [system.superuser_dsn, str(rounds), str(out), *names]
        run_loop("proof.bench.growth_loop", system.function_environment("outbox_relay"), folder, arguments)
    small, large = json.loads(out.read_text())
    yield Row(
        row="growth",
        measured=f"a relay run beside {LARGE:,} rows",
        ours=Sample(tuple(large), "ms"),
        beside=f"beside {SMALL:,}",
        theirs=Sample(tuple(small), "ms"),
        ratio=paired_ratio(large, small),
        budget=Budget(figure="ratio", at="most", limit=1.5),
    )


def _seed(database: Connection, *, count: int) -> None:
    given = {"count": count, "due": 0, "expired": 0, "failed_are_due": False}
    events = rows_at_scale.OUTBOX.format(side="orders")
    database.execute("TRUNCATE orders.outbox")
    for statement in (rows_at_scale.ORDERS, rows_at_scale.IDEMPOTENCY_KEYS, events):
        database.execute(statement, {name: value for name, value in given.items() if f"%({name})s" in statement})
