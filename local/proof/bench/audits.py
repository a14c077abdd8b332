"""Row `audit`: a scheduled audit of a million orders, beside one of a hundred thousand, with as much that is new.

Each has a database of its own, as in the row `pages`. Two of five orders are paid, one in ten of these twice and given
back once, and one in five is canceled. Before each audit the same number of orders, invoices and payments comes in.
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

SMALL, LARGE = 100_000, 1_000_000

# Ids of the last hundred days, as UUID version 7 orders them.
SEED = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, created_at, updated_at, invoice_version)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid,
       'bench', 1999, 'BRL', state, moment, CASE state WHEN 'pending' THEN NULL ELSE moment END,
       CASE state WHEN 'paid' THEN 1 ELSE 0 END
FROM generate_series(1, %(count)s::bigint) n,
     LATERAL (SELECT now() - interval '1 hour' - n * interval '100 days' / %(count)s AS moment,
                     (ARRAY['pending', 'paid', 'pending', 'paid', 'canceled'])[1 + n %% 5] AS state) at;
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at, updated_at,
    version)
SELECT row_number() OVER (ORDER BY order_id), order_id, customer_id, amount, currency,
       CASE status WHEN 'pending' THEN 'issued' ELSE status END, created_at, created_at, created_at, 1
FROM orders.orders;
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at, recorded_at)
SELECT 'p', number || '-' || part, invoice_id, 1999, 'BRL', issued_at, issued_at
FROM invoices.invoices, generate_series(1, 2) part WHERE status = 'paid' AND (part = 1 OR number %% 10 = 0);
INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at, recorded_at)
SELECT provider, payment_id, payment_id, amount, paid_at, paid_at FROM invoices.payments WHERE payment_id LIKE '%%-2';
INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
SELECT row_number() OVER (ORDER BY number), invoice_id, amount, currency, issued_at
FROM invoices.invoices WHERE status = 'canceled';
UPDATE invoices.invoice_counter SET last_number = (SELECT count(*) FROM invoices.invoices);
UPDATE invoices.credit_note_counter SET last_number = (SELECT count(*) FROM invoices.credit_notes);
DELETE FROM audit.open_findings;
DELETE FROM audit.missing_numbers;
DELETE FROM audit.progress;
INSERT INTO audit.progress DEFAULT VALUES;
"""


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield the rows. Raises SecondSystemError."""
    out = folder / "audits.json"
    with contextlib.ExitStack() as databases:
        names = []
        for count in (SMALL, LARGE):
            progress(f"audit: a database with {count:,} orders")
            name, fill = f"bench_audit_{count}", partial(seed, count=count)
            names.append(databases.enter_context(seeded(system.superuser_dsn, name, fill)))
        progress(f"audit: the first audit of each, then {rounds} rounds")
        arguments = [system.superuser_dsn, str(rounds), str(out), *names]
        run_loop("proof.bench.audit_loop", system.function_environment("operations"), folder, arguments)
    small, large = json.loads(out.read_text())
    yield Row(
        row="audit",
        measured=f"a scheduled audit, of {LARGE:,} orders",
        ours=Sample(large["ms"], "ms"),
        beside=f"of {SMALL:,}",
        theirs=Sample(small["ms"], "ms"),
        ratio=paired_ratio(large["ms"], small["ms"]),
        budget=Budget(figure="ratio", at="most", limit=1.5),
    )


def seed(database: Connection, *, count: int) -> None:
    for statement in SEED.split(";\n"):
        if statement.strip():
            database.execute(statement, {"count": count} if "%(count)" in statement else {})
