"""The relay forgets expired keys each minute: what that costs follows from how many there are to forget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.test_audit_at_scale import scans_of

from outbox_relay.repository import PURGE_EXPIRED

KEPT = 50_000
EXPIRED = 10
SEED = """
INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)
VALUES ('0198f8a0-0000-7000-8000-000000000001', 'c', 1, 'BRL', now());
INSERT INTO orders.idempotency_keys (customer_id, key, request_hash, order_id, response_body, created_at, expires_at)
SELECT 'c', n, decode(repeat('00', 32), 'hex'), '0198f8a0-0000-7000-8000-000000000001', '', now() - interval '2 d',
       now() + CASE WHEN n <= %(expired)s THEN -1 ELSE 1 END * interval '1 h'
FROM generate_series(1, %(all)s) n;
INSERT INTO invoices.webhook_deliveries (provider, delivery_id, is_matched, expires_at)
SELECT 'p', n, true, now() + CASE WHEN n <= %(expired)s THEN -1 ELSE 1 END * interval '1 h'
FROM generate_series(1, %(all)s) n;
ANALYZE orders.idempotency_keys, invoices.webhook_deliveries;
"""


@pytest.fixture
def kept(empty: Released) -> Iterator[psycopg.Connection[Any]]:
    """A transaction with many keys and deliveries, few of them expired; nothing of it stays."""
    with psycopg.connect(empty.postgres.dsn, dbname="orders") as connection:
        psycopg.ClientCursor(connection).execute(SEED, {"all": KEPT + EXPIRED, "expired": EXPIRED})
        yield connection
        connection.rollback()


@pytest.mark.parametrize("side", PURGE_EXPIRED)
def test_what_is_not_expired_is_not_read(kept: psycopg.Connection[Any], side: str) -> None:
    row = kept.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {PURGE_EXPIRED[side]}", [1000]).fetchone()
    assert row is not None
    scans = list(scans_of(row[0][0]["Plan"]))
    read = sum(scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) for scan in scans)

    assert row[0][0]["Plan"]["Node Type"] == "ModifyTable"
    assert EXPIRED <= read <= 5 * EXPIRED
