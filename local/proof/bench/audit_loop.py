"""The process behind row `audit`: scheduled audits by `operations`, of several databases in turns.

Started with the function's own environment and the superuser's address, by which orders come in; prints nothing and
writes the milliseconds of each round, by database and in their order, to the file that it is given. An audit that finds
something ends it: as much would have to be found in each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from operations import bootstrap
from operations.audit import audit_incrementally
from operations.findings import FINDINGS
from proof.bench.databases import beside

NEW = 1_000
PER_ROUND = 3
# Behind what the last audit has looked at, and old enough for the next one.
ORDERS = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)
SELECT (substr(p.order_id::text, 1, 8) || substr(p.order_id::text, 10, 4) || '7'
        || lpad(to_hex(c.last_number + n), 19, '0'))::uuid, 'bench', 1999, 'BRL', now()
FROM audit.progress p, invoices.invoice_counter c, generate_series(1, %(new)s) n
"""
INVOICES = """
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)
SELECT c.last_number + row_number() OVER (ORDER BY o.order_id), o.order_id, o.customer_id, o.amount, o.currency,
       now(), now()
FROM invoices.invoice_counter c, audit.progress p, orders.orders o WHERE o.order_id > p.order_id
"""
COUNTER = "UPDATE invoices.invoice_counter SET last_number = last_number + %(new)s"
# A part of what is due, spread over all invoices.
PAYMENTS = """
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at)
SELECT 'bench', gen_random_uuid(), i.invoice_id, 1, i.currency, now()
FROM invoices.invoice_counter c, generate_series(1, %(new)s / 10) n,
    LATERAL (SELECT invoice_id, currency FROM invoices.invoices
             WHERE number = 1 + (c.last_number / (%(new)s / 10) * n) / 5 * 5 AND status = 'issued') i
"""


def come_in(database: psycopg.Connection[Any]) -> None:
    for statement in (ORDERS, INVOICES, COUNTER, PAYMENTS):
        database.execute(statement, {"new": NEW})


def environment(database: str) -> bootstrap.Dependencies:
    bootstrap.dependencies.cache_clear()
    os.environ["DATABASE_NAME"] = database
    return bootstrap.dependencies()


def audited_ms(deps: bootstrap.Dependencies) -> float:
    began = time.perf_counter()
    findings = audit_incrementally(deps.database.connection(), older_than_s=0, is_deadline_near=lambda: False)
    took = (time.perf_counter() - began) * 1000
    if wrong := {name: findings.report[name]["count"] for name in FINDINGS if findings.report[name]["count"]}:
        raise RuntimeError(f"the audit found {wrong}")
    return took


def main(dsn: str, rounds: int, out: Path, *names: str) -> None:
    databases = [(environment(name), psycopg.connect(beside(dsn, name), autocommit=True)) for name in names]
    figures: list[dict[str, Any]] = [{"first_ms": audited_ms(deps), "ms": []} for deps, _ in databases]
    for _ in range(rounds):
        for figure, (deps, database) in zip(figures, databases, strict=True):
            took = []
            for _ in range(PER_ROUND):
                come_in(database)
                took.append(audited_ms(deps))
            figure["ms"].append(sorted(took)[len(took) // 2])
    out.write_text(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
