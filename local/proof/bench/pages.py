"""Row `pages`: a page of 100 orders of a customer who has a million, beside one of a customer who has ten thousand.

Each has a database of its own on the second system's server, since a page must not cost more for what a table has
beside it either: copies of the system's with other rows, dropped at the end. Every order has its invoice, and one in a
thousand is canceled.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.second_system import SecondSystem, SecondSystemError
from proof.checkout import ROOT

SMALL, LARGE = 10_000, 1_000_000
_TIMEOUT_S = 300
_COPY_TIMEOUT_S = 60

# Its own sessions are the only ones that a template may have.
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
EMPTY = (
    "TRUNCATE orders.orders, orders.idempotency_keys, invoices.invoices, invoices.payments, invoices.refunds CASCADE"
)
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
            names.append(databases.enter_context(_seeded(system.superuser_dsn, count)))
        progress(f"pages: {rounds} rounds")
        _run(system.function_environment("get_order"), folder, [str(rounds), str(out), *names])
    yield from _rows(json.loads(out.read_text()))


@contextlib.contextmanager
def _seeded(dsn: str, count: int) -> Iterator[str]:
    """A copy of the system's database with this many orders; its name."""
    name = f"bench_pages_{count}"
    with psycopg.connect(_beside(dsn, "postgres"), autocommit=True) as server:
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        server.execute(drop)
        _copy(server, name, of=urlsplit(dsn).path[1:])
        try:
            with psycopg.connect(_beside(dsn, name), autocommit=True) as database:
                database.execute(EMPTY)
                database.execute(SEED_ORDERS, {"count": count})
                database.execute(SEED_INVOICES)
                database.execute("VACUUM ANALYZE")
            yield name
        finally:
            server.execute(drop)


def _copy(server: psycopg.Connection[Any], name: str, *, of: str) -> None:
    """Functions come back as soon as their sessions are ended, so it takes a moment that suits."""
    deadline = time.monotonic() + _COPY_TIMEOUT_S
    while True:
        server.execute(END_SESSIONS, [of])
        try:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
        except psycopg.errors.ObjectInUse as error:
            if time.monotonic() > deadline:
                raise SecondSystemError(f"the database is never without sessions: {error}") from None
        else:
            return


def _beside(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def _run(environment: dict[str, str], folder: Path, arguments: list[str]) -> None:
    environment["PYTHONPATH"] = os.pathsep.join(
        [environment["PYTHONPATH"], str(ROOT / "functions"), str(ROOT / "local")]
    )
    with (folder / "functions.log").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-m", "proof.bench.page_loop", *arguments],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise SecondSystemError(f"the page loop failed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")


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
