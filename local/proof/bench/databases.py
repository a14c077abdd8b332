"""Databases with many rows beside the system's own, on the same server: copies of it, dropped at the end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from proof.bench.second_system import SecondSystemError
from proof.checkout import ROOT

_TIMEOUT_S = 300
_COPY_TIMEOUT_S = 60
# Its own sessions are the only ones that a template may have.
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
EMPTY = (
    "TRUNCATE orders.orders, orders.idempotency_keys, invoices.invoices, invoices.payments, invoices.refunds,"
    " invoices.credit_notes CASCADE"
)

Connection = psycopg.Connection[Any]


@contextlib.contextmanager
def seeded(dsn: str, name: str, seed: Callable[[Connection], None]) -> Iterator[str]:
    """A copy of the system's database with other rows; its name."""
    with psycopg.connect(beside(dsn, "postgres"), autocommit=True) as server:
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        server.execute(drop)
        _copy(server, name, of=urlsplit(dsn).path[1:])
        try:
            with psycopg.connect(beside(dsn, name), autocommit=True) as database:
                database.execute(EMPTY)
                seed(database)
                database.execute("VACUUM ANALYZE")
            yield name
        finally:
            server.execute(drop)


def _copy(server: Connection, name: str, *, of: str) -> None:
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


def beside(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def run_loop(
    module: str, environment: Mapping[str, str], folder: Path, arguments: Sequence[str], *, root: Path = ROOT
) -> None:
    """Run a module as a process of its own with a function's environment and, from `root`, its code.

    Raises SecondSystemError.
    """
    path = os.pathsep.join([environment["PYTHONPATH"], str(root / "functions"), str(ROOT / "local")])
    with (folder / "functions.log").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={**environment, "PYTHONPATH": path},
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise SecondSystemError(f"{module} failed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
