"""The bench's measurement beside many rows does what it says, at a small size."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from proof.bench import rows_at_scale, scale_loop

NAMES = ["a page of 100", "a run of the relay of orders", "a run of the relay of invoices", "an audit"]


def test_a_page_an_audit_and_both_relays_are_measured(database: Callable[[str], str]) -> None:
    with psycopg.connect(database("small_scale"), autocommit=True) as connection:
        rows_at_scale.fill(connection, 2_000)
        connection.execute("VACUUM ANALYZE")
        measured = scale_loop.measured([connection], 2)
        findings = connection.execute("SELECT count(*) FROM audit.open_findings").fetchone()

    assert list(measured) == NAMES
    assert all(0 < seconds < 60 for [times] in measured.values() for seconds in times)
    assert findings == (0,)
