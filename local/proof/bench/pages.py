"""Row `pages`: a page of 100 orders of a customer who has a million, beside one of a customer who has ten thousand.

Each has a database of its own on the second system's server, since a page must not cost more for what a table has
beside it either: copies of the system's with other rows, dropped at the end. Every order has its invoice, and one in a
thousand is canceled.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from proof.bench.databases import Connection, run_loop, seeded
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.second_system import SecondSystem

SMALL, LARGE = 10_000, 1_000_000

# Ids of the last hundred days, as UUID version 7 orders them.
SEED_ORDERS = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, created_at)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid,
       'bench', 1999, 'BRL', CASE WHEN n %% 1000 = 0 THEN 'canceled' ELSE 'paid' END, moment
FROM generate_series(1, %(count)s::bigint) n,
     LATERAL (SELECT now() - n * interval '100 days' / %(count)s AS moment) at
"""
SEED_INVOICES = """
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at)
SELECT row_number() OVER (ORDER BY order_id), order_id, customer_id, amount, currency, status, created_at, created_at
FROM orders.orders
"""


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield a row for each kind of page. Raises SecondSystemError."""
    out = folder / "pages.json"
    with contextlib.ExitStack() as databases:
        names = []
        for count in (SMALL, LARGE):
            progress(f"pages: a database with {count:,} orders of one customer")
            name = f"bench_pages_{count}"
            names.append(databases.enter_context(seeded(system.superuser_dsn, name, partial(_seed, count=count))))
        progress(f"pages: {rounds} rounds")
        environment = system.function_environment("get_order")
        run_loop("proof.bench.page_loop", environment, folder, [str(rounds), str(out), *names])
    yield from _rows(json.loads(out.read_text()))


def _seed(database: Connection, *, count: int) -> None:
    database.execute(SEED_ORDERS, {"count": count})
    database.execute(SEED_INVOICES)


def _rows(figures: list[dict[str, list[float]]]) -> Iterator[Row]:
    for kind in figures[0]:
        small, large = zip(*(each[kind] for each in figures), strict=True)
        yield Row(
            row="pages",
            measured=f"{kind}, of {LARGE:,} orders",
            ours=Sample(large, "ms"),
            beside=f"of {SMALL:,}",
            theirs=Sample(small, "ms"),
            ratio=paired_ratio(large, small),
            budget=Budget(figure="ratio", at="most", limit=1.5),
        )
