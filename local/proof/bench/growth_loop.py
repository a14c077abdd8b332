"""The process behind row `growth`: runs of `outbox_relay`, of several databases in turns.

Started with the function's own environment and the superuser's address, by which work comes in; writes the milliseconds
of each round, by database and in their order, to the file that it is given.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from outbox_relay import bootstrap, handler
from proof.bench.due_events import FILL
from proof.bench.relay_loop import Context

PER_ROUND = 5
DUE = EXPIRED = 20
EXPIRE = """
UPDATE orders.idempotency_keys SET expires_at = now() WHERE (customer_id, key) IN (
    SELECT customer_id, key FROM orders.idempotency_keys ORDER BY expires_at LIMIT %s)
"""


def environment(database: str) -> bootstrap.Dependencies:
    bootstrap.dependencies.cache_clear()
    os.environ["DATABASE_NAME"] = database
    return bootstrap.dependencies()


def relayed_ms(deps: bootstrap.Dependencies, database: psycopg.Connection[Any]) -> float:
    database.execute(FILL, [DUE])
    database.execute(EXPIRE, [EXPIRED])
    # The databases' environments stay warm in one process, so that they are measured in turns.
    handler.dependencies = lambda: deps  # type: ignore[assignment, attr-defined]
    began = time.perf_counter()
    report = handler.lambda_handler({}, Context())
    took = (time.perf_counter() - began) * 1000
    if (report["published"], report["purged"]) != (DUE, EXPIRED):
        raise RuntimeError(f"the relay did not do what there was to do: {report}")
    return took


def main(dsn: str, rounds: int, out: Path, *names: str) -> None:
    databases = [(environment(name), psycopg.connect(dsn, dbname=name, autocommit=True)) for name in names]
    figures: list[list[float]] = [[] for _ in names]
    for deps, database in databases:
        relayed_ms(deps, database)  # connects
    for _ in range(rounds):
        for figure, (deps, database) in zip(figures, databases, strict=True):
            took = sorted(relayed_ms(deps, database) for _ in range(PER_ROUND))
            figure.append(took[PER_ROUND // 2])
    out.write_text(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
