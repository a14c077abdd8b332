"""What a page, an audit and a relay's run cost beside so many rows in each table that grows; and how these are filled.

Two of five orders are paid, one in ten of these twice and given back once, and one in five is canceled. Parked messages
and unmatched payments are settled but for a few, keys and webhooks have not expired, and no event is due yet but for
those of `DUE`: how many rows there are is all that differs between two sizes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from proof.bench.databases import beside, run_loop, seeded
from proof.bench.second_system import SecondSystem

# What waits, what is due and what has expired, in each table that has such.
WAITING = DUE = EXPIRED = 20
CUSTOMER = "bench"
TABLES = (
    "orders.outbox",
    "orders.idempotency_keys",
    "orders.parked_messages",
    "orders.delivery_attempts",
    "orders.orders",
    "invoices.outbox",
    "invoices.refunds",
    "invoices.payments",
    "invoices.credit_notes",
    "invoices.canceled_orders",
    "invoices.unmatched_payments",
    "invoices.webhook_deliveries",
    "invoices.parked_messages",
    "invoices.delivery_attempts",
    "invoices.invoices",
    "customers.keys",
    "customers.customers",
)

# Ids of the last hundred days, as UUID version 7 orders them. One customer has most orders, as no other need wait for.
ORDERS = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, status, reference, created_at, updated_at,
    invoice_version)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid,
       CASE WHEN n %% 10 = 9 THEN 'customer-' || n %% 1000 ELSE 'bench' END, 1999, 'BRL', state,
       CASE WHEN n %% 100 = 0 THEN 'reference ' || n END, moment, CASE state WHEN 'pending' THEN NULL ELSE moment END,
       CASE state WHEN 'paid' THEN 1 ELSE 0 END
FROM generate_series(1, %(count)s::bigint) n,
     LATERAL (SELECT now() - interval '1 hour' - n * interval '100 days' / %(count)s AS moment,
                     (ARRAY['pending', 'paid', 'pending', 'paid', 'canceled'])[1 + n %% 5] AS state) at
"""
INVOICES = """
INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, status, issued_at, due_at, updated_at,
    version)
SELECT row_number() OVER (ORDER BY order_id), order_id, customer_id, amount, currency,
       CASE status WHEN 'pending' THEN 'issued' ELSE status END, created_at, created_at, created_at, 1
FROM orders.orders
"""
PAYMENTS = """
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at, recorded_at)
SELECT 'p', number || '-' || part, invoice_id, 1999, 'BRL', issued_at, issued_at
FROM invoices.invoices, generate_series(1, 2) part WHERE status = 'paid' AND (part = 1 OR number % 10 = 0)
"""
REFUNDS = """
INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at, recorded_at)
SELECT provider, payment_id, payment_id, amount, paid_at, paid_at FROM invoices.payments WHERE payment_id LIKE '%-2'
"""
CREDIT_NOTES = """
INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)
SELECT row_number() OVER (ORDER BY number), invoice_id, amount, currency, issued_at
FROM invoices.invoices WHERE status = 'canceled'
"""
CANCELED_ORDERS = """
INSERT INTO invoices.canceled_orders (order_id, canceled_at)
SELECT order_id, updated_at FROM orders.orders WHERE status = 'canceled'
"""
IDEMPOTENCY_KEYS = """
INSERT INTO orders.idempotency_keys (customer_id, key, request_hash, order_id, response_body, created_at, expires_at)
SELECT customer_id, 'key-' || row_number() OVER (), sha256('x'), order_id, '', now() - interval '1 day',
       now() + CASE WHEN row_number() OVER () <= %(expired)s THEN -1 ELSE 1 END * interval '1 hour'
FROM orders.orders
"""
WEBHOOK_DELIVERIES = """
INSERT INTO invoices.webhook_deliveries (provider, delivery_id, is_matched, expires_at)
SELECT 'p', n, true, now() + CASE WHEN n <= %(expired)s THEN -1 ELSE 1 END * interval '1 hour'
FROM generate_series(1, %(count)s) n
"""
# Half failed before. Those that are due wait at the end: a scan in the order of insertion finds them last.
OUTBOX = """
INSERT INTO {side}.outbox (outbox_id, exchange, routing_key, properties, body, created_at, due_at, attempts, last_error)
SELECT gen_random_uuid(), 'bench', 'bench', '{{}}', convert_to('{{"orderId": "' || n || '"}}', 'UTF8'),
       now() - n * interval '1 second',
       now() + CASE WHEN n > %(count)s - %(due)s OR %(failed_are_due)s AND n %% 2 = 1 THEN -1 ELSE 1 END
       * interval '1 hour', n %% 2,
       CASE WHEN n %% 2 = 1 THEN 'refused' END
FROM generate_series(1, %(count)s) n
"""
PARKED_MESSAGES = """
INSERT INTO {side}.parked_messages (fingerprint, queue, properties, body, reason, first_seen_at, last_seen_at,
    replayed_at, dismissed_at)
SELECT sha256(n::text::bytea), 'bench', '{{}}', 'x', 'r', seen, seen,
       CASE WHEN n %% 2 = 0 AND n > %(waiting)s THEN seen + interval '1 min' END,
       CASE WHEN n %% 2 = 1 AND n > %(waiting)s THEN seen + interval '1 min' END
FROM generate_series(1, %(count)s) n, LATERAL (SELECT now() - n * interval '1 min' AS seen) at
"""
DELIVERY_ATTEMPTS = """
INSERT INTO {side}.delivery_attempts (fingerprint, environment)
SELECT sha256(n::text::bytea), gen_random_uuid() FROM generate_series(1, %(count)s / 10) n
"""
UNMATCHED_PAYMENTS = """
INSERT INTO invoices.unmatched_payments (fingerprint, provider, kind, payment_id, invoice, amount, currency,
    occurred_at, reason, first_seen_at, last_seen_at, matched_at, dismissed_at)
SELECT sha256(n::text::bytea), 'p', 'payment', 'unmatched-' || n, 'invoice ' || n, 1999, 'BRL', seen, 'r', seen, seen,
       CASE WHEN n %% 2 = 0 AND n > %(waiting)s THEN seen + interval '1 min' END,
       CASE WHEN n %% 2 = 1 AND n > %(waiting)s THEN seen + interval '1 min' END
FROM generate_series(1, %(count)s) n, LATERAL (SELECT now() - n * interval '1 min' AS seen) at
"""
CUSTOMERS = """
INSERT INTO customers.customers (customer_id, requests_per_second, suspended_at)
SELECT 'customer-' || n, 10, CASE WHEN n %% 100 = 0 THEN now() END FROM generate_series(1, %(count)s / 10) n
"""
CUSTOMERS_KEYS = """
INSERT INTO customers.keys (customer_id, key_hash, hint)
SELECT customer_id, sha256(customer_id::bytea), '0000' FROM customers.customers
"""
COUNTERS = """
UPDATE invoices.invoice_counter SET last_number = (SELECT count(*) FROM invoices.invoices);
UPDATE invoices.credit_note_counter SET last_number = (SELECT count(*) FROM invoices.credit_notes);
DELETE FROM audit.open_findings;
DELETE FROM audit.missing_numbers;
DELETE FROM audit.progress;
INSERT INTO audit.progress DEFAULT VALUES
"""
_OF_BOTH_SIDES = [
    statement.format(side=side)
    for side in ("orders", "invoices")
    for statement in (OUTBOX, PARKED_MESSAGES, DELIVERY_ATTEMPTS)
]
# Each table's rows after those that they are made of.
_STATEMENTS = [
    *(ORDERS, INVOICES, PAYMENTS, REFUNDS, CREDIT_NOTES, CANCELED_ORDERS, IDEMPOTENCY_KEYS, WEBHOOK_DELIVERIES),
    *_OF_BOTH_SIDES,
    *(UNMATCHED_PAYMENTS, CUSTOMERS, CUSTOMERS_KEYS),
]

Connection = psycopg.Connection[Any]


def measured(system: SecondSystem, *, folder: Path, counts: Sequence[int], runs: int) -> dict[str, list[list[float]]]:
    """By name, the seconds of each run for each of `counts`, in copies of the system's database with so many rows.

    Raises SecondSystemError.
    """
    out = folder / "rows_at_scale.json"
    with contextlib.ExitStack() as databases:
        addresses = []
        for count in counts:
            copy = seeded(system.superuser_dsn, f"bench_scale_{count}", partial(fill, count=count))
            addresses.append(beside(system.superuser_dsn, databases.enter_context(copy)))
        environment = system.function_environment("operations")
        run_loop("proof.bench.scale_loop", environment, folder, [str(runs), str(out), *addresses])
    found: dict[str, list[list[float]]] = json.loads(out.read_text())
    return found


def fill(database: Connection, count: int, *, failed_are_due: bool = False) -> None:
    """Replace what these tables have; as a superuser, since references are not checked on the way.

    Statistics are the caller's to make: VACUUM ANALYZE cannot run in a transaction, and ANALYZE can.
    """
    parameters = {
        "count": count,
        "waiting": WAITING,
        "due": DUE,
        "expired": EXPIRED,
        "failed_are_due": failed_are_due,
    }
    database.execute("SET session_replication_role = replica")
    for table in TABLES:
        database.execute(f"DELETE FROM {table}")
    for statement in _STATEMENTS:
        given = {name: value for name, value in parameters.items() if f"%({name})s" in statement}
        database.execute(statement, given or None)
    for statement in COUNTERS.split(";\n"):
        database.execute(statement)
    database.execute("SET session_replication_role = origin")
