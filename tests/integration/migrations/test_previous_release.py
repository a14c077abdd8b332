"""Expand and contract: what the functions of the release before say to the database works on the newest schema.

Their statements are in `previous_release/`, a file for each login, as that release has them. A release that is made
puts its own there. They run with their login's rights, in the order in which an order meets them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from localregion.testing.services import RunningPostgres

FOLDER = Path(__file__).parent / "previous_release"
ORDER, KEYED, OUTBOX, KEYED_OUTBOX, UNKNOWN = (uuid.UUID(int=number) for number in range(1, 6))
NOTES = ["publishing it in a batch was begun and not finished", "publishing it alone was begun and not finished"]
NEW_ORDER = {
    "order_id": ORDER,
    "customer_id": "demo",
    "amount": 1999,
    "currency": "BRL",
    "created_at": "2026-11-22T13:42:18.184Z",
    "outbox_id": OUTBOX,
    "exchange": "orders",
    "routing_key": "order.created",
    "properties": "{}",
    "body": b"{}",
    "due_in_s": 0,
    "key": "k",
    "request_hash": bytes(32),
    "response_body": "answer",
    "ttl_hours": 24,
}
INVOICES = {"order_ids": [ORDER], "customer_ids": ["demo"], "amounts": [1999], "currencies": ["BRL"], "due_days": 30}
ATTEMPT = {"fingerprints": [bytes(32)], "environment": UNKNOWN, "decoded": uuid.UUID(int=0)}
PARKED = [[bytes(32)], ["invoices.order-created"], ["{}"], [b"{"], ["reason"]]
BATCH = {"failed_before": False, "rows": 100, "bytes": 1 << 20, "note": NOTES[0], "notes": NOTES}
PAGE = {"limit": 50, "after": None, "parked_id": None, "outbox_id": None, "preview_bytes": 64}
REPLAY = {"parked_ids": [UNKNOWN], "properties": ["{}"], "exchange": "orders", "routing_key": "order.created"}
AUDIT = {"since": uuid.UUID(int=0), "older_than_s": 0, "numbers": 100, "limit": 100}

# Login, statement, parameters, and how many rows it gives or changes.
STEPS: list[tuple[str, str, Any, int]] = [
    ("create_order", "INSERT_ORDER", NEW_ORDER, 1),
    ("create_order", "INSERT_ORDER_WITH_KEY", NEW_ORDER | {"order_id": KEYED, "outbox_id": KEYED_OUTBOX}, 1),
    ("create_order", "SELECT_RESPONSE", NEW_ORDER, 1),
    ("create_order", "DELETE_PUBLISHED", [KEYED_OUTBOX], 1),
    ("operations", "ORDERS_WITHOUT_INVOICE", AUDIT, 2),
    ("operations", "OLD_OUTBOX_ROWS", AUDIT, 1),
    ("operations", "OUTBOX", None, 1),
    ("operations", "COUNT_OUTBOX", None, 1),
    ("operations", "SELECT_OUTBOX", PAGE, 1),
    ("outbox_relay", "BEGIN_BATCH", BATCH, 1),
    ("outbox_relay", "LOCK", {"outbox_ids": [OUTBOX], "properties_bytes": 1 << 20}, 1),
    ("outbox_relay", "SELECT_SUSPECTS", {"notes": NOTES, "rows": 100}, 1),
    ("outbox_relay", "FORGET_BATCH", ["reason", [OUTBOX], NOTES[0]], 1),
    ("outbox_relay", "POSTPONE", [[OUTBOX], ["reason"]], 1),
    ("outbox_relay", "EXPLAIN", ["reason", OUTBOX], 1),
    ("outbox_relay", "TAKE_BACK", ["reason", [OUTBOX]], 1),
    ("operations", "POSTPONE", [60, OUTBOX], 1),
    ("outbox_relay", "DELETE_PUBLISHED", [[OUTBOX]], 1),
    ("outbox_relay", "PURGE_EXPIRED_KEYS", [100], 0),
    ("invoice_consumer", "BEGIN_ATTEMPTS", ATTEMPT, 1),
    ("invoice_consumer", "SELECT_ATTEMPTS", ATTEMPT, 1),
    ("invoice_consumer", "MARK_DECODED", ATTEMPT, 1),
    ("invoice_consumer", "LOCK_COUNTER", None, 1),
    ("invoice_consumer", "INSERT_INVOICES", INVOICES, 1),
    ("invoice_consumer", "END_ATTEMPTS", [[bytes(32)]], 1),
    ("invoice_consumer", "PARK", PARKED, 1),
    ("get_order", "SELECT_ORDER", [ORDER, "demo"], 1),
    ("get_order", "SELECT_IS_READ_ONLY", None, 1),
    ("operations", "INVOICES_WITHOUT_ORDER", AUDIT, 0),
    ("operations", "INVOICES_DIFFERING", AUDIT, 0),
    ("operations", "INVOICE_NUMBER_GAPS", AUDIT, 0),
    ("operations", "SELECT_PARKED", PAGE, 1),
    ("operations", "COUNT_PARKED", None, 1),
    ("operations", "LOCK_PARKED", [UNKNOWN], 0),
    ("operations", "LOCK_WAITING", {"after": uuid.UUID(int=0), "limit": 100, "bytes": 1 << 20}, 1),
    ("operations", "QUEUE", REPLAY, 0),
    ("operations", "DISMISS", [UNKNOWN], 0),
    ("operations", "REMOVE", {"outbox_id": UNKNOWN, "preview_bytes": 64}, 0),
    ("operations", "WAIT_AGAIN", [UNKNOWN], 0),
]


def statements() -> dict[tuple[str, str], str]:
    """Each statement by its login and its name."""
    found = {}
    for path in FOLDER.glob("*.sql"):
        for part in path.read_text().removeprefix("-- ").split("\n-- "):
            name, _, statement = part.partition("\n")
            found[path.stem, name] = statement
    return found


@pytest.fixture
def connection(migrated: RunningPostgres) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection, to take on each login's rights; nothing is committed."""
    with psycopg.connect(migrated.dsn, dbname="migrated") as connected:
        yield connected
        connected.rollback()


def run(connection: psycopg.Connection[Any], login: str, name: str, parameters: Any) -> psycopg.Cursor[Any]:
    connection.execute(f"SET LOCAL ROLE {login}")
    return connection.execute(statements()[login, name], parameters)


def test_what_the_release_before_says_works_on_the_newest_schema(connection: psycopg.Connection[Any]) -> None:
    done = [(login, name, run(connection, login, name, parameters).rowcount) for login, name, parameters, _ in STEPS]

    assert done == [(login, name, rows) for login, name, _, rows in STEPS]
    assert {step[:2] for step in STEPS} == statements().keys()


def test_the_release_before_reads_what_this_one_writes(connection: psycopg.Connection[Any]) -> None:
    """An order with what is new: a reference, an invoice whose status has changed, cancelled or paid."""
    for login, name in (("create_order", "INSERT_ORDER"), ("invoice_consumer", "INSERT_INVOICES")):
        run(connection, login, name, INVOICES | NEW_ORDER)
    for ours, theirs in (("paid", "paid"), ("canceled", "canceled")):
        connection.execute("RESET ROLE")
        connection.execute("UPDATE orders.orders SET status = %s, reference = 'r', updated_at = now()", [ours])
        connection.execute("UPDATE invoices.invoices SET status = %s, version = version + 1", [theirs])
        row = run(connection, "get_order", "SELECT_ORDER", [ORDER, "demo"]).fetchone()
        assert row is not None
        assert (row[4], row[8]) == (ours, theirs)
        assert run(connection, "invoice_consumer", "INSERT_INVOICES", INVOICES).fetchone() == (0,)
