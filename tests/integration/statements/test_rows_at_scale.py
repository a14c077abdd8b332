"""The bench's measurement beside many rows does what it says, at a small size."""

from __future__ import annotations

import migrations
import psycopg
from sqlalchemy import URL

from localregion.testing.services import RunningPostgres
from proof.bench import rows_at_scale, scale_loop
from proof.bench.databases import beside

PASSWORD = "not-a-secret-in-a-test"


def test_a_page_an_audit_and_both_relays_are_measured(postgres: RunningPostgres) -> None:
    postgres.bootstrap(database="small_scale", user="scaling", password=PASSWORD)
    migrations.upgrade(
        URL.create("postgresql+psycopg", "scaling", PASSWORD, postgres.host, postgres.port, "small_scale")
    )
    with psycopg.connect(postgres.dsn, dbname="small_scale", autocommit=True) as connection:
        rows_at_scale.fill(connection, 2_000)
        connection.execute("VACUUM ANALYZE")

        measured = scale_loop.took(beside(postgres.dsn, "small_scale"), 2)
        findings = connection.execute("SELECT count(*) FROM audit.open_findings").fetchone()

    names = [name for name, _ in measured]
    assert names == ["a page of 100", "an audit", "a relay run, orders", "a relay run, invoices"]
    assert all(0 < seconds < 60 for _, seconds in measured)
    assert findings == (0,)
