"""What statements are given: a value for each name of a parameter, from rows that are there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from tests.integration.statements.collected import Statement

from operations.audit import first_id
from operations.incremental import id_of
from operations.purge import BEGINNING
from outbox_relay.repository import BEGUN_NOTES
from proof.bench.rows_at_scale import CUSTOMER
from reading.lists import bounds

NAMED = re.compile(r"%\((\w+)\)s")
LIMIT = 10
SOME_MINUTES_MS = 300_000
NOW = datetime.now(UTC)
NEW = uuid.uuid4()
SAMPLES = """
SELECT o.order_id, i.invoice_id, i.number, p.payment_id, c.last_number
FROM orders.orders o JOIN invoices.invoices i USING (order_id) JOIN invoices.payments p USING (invoice_id),
    invoices.invoice_counter c
WHERE o.order_id > %s AND o.customer_id = %s ORDER BY o.order_id LIMIT 1
"""
IDS = {
    "parked_id": "SELECT parked_id FROM invoices.parked_messages ORDER BY last_seen_at OFFSET 500 LIMIT 1",
    "outbox_id": "SELECT outbox_id FROM invoices.outbox ORDER BY created_at OFFSET 500 LIMIT 1",
    "unmatched_id": "SELECT unmatched_id FROM invoices.unmatched_payments ORDER BY last_seen_at OFFSET 500 LIMIT 1",
}
# Lists of everything are of what is behind an entry as well, and of one entry alone.
LISTED_BY = {
    "operations.repository.SELECT_PARKED": "parked_id",
    "operations.outbox_repository.SELECT_OUTBOX": "outbox_id",
    "operations.unmatched_repository.SELECT_UNMATCHED": "unmatched_id",
}
# What the name of a parameter does not tell. A customer with a thousandth of all orders has few, for what is asked
# about all that a customer has.
BY_STATEMENT: dict[str, dict[str, Any]] = {
    "operations.customers_repository.SELECT_CUSTOMERS": {"after": "customer-5"},
    "operations.purge.PURGE": {"after": BEGINNING},
    "payments.statements.CHANGE_INVOICE": {"status": "paid"},
    "create_order.repository.INSERT_ORDER": {"order_id": NEW},
    "create_order.repository.INSERT_ORDER_WITH_KEY": {"order_id": NEW, "key": "new"},
    "invoice_consumer.repository.INSERT_INVOICES": {"order_ids": [NEW]},
    "operations.repository.QUEUE": {"properties": ["{}"]},
    "payments.statements.KEEP_UNMATCHED": {"refund_id": None},
    "operations.order_queries.KEYS": {"customer_id": "customer-9"},
    "operations.erasure_repository.COUNT_ORDERS": {"customer_id": "customer-9"},
    "operations.erasure_repository.DELETE_CUSTOMER": {"customer_id": "customer-100"},
}


def samples(database: psycopg.Connection[Any]) -> dict[str, Any]:
    """Rows in the middle of what there is."""
    row = database.execute(SAMPLES, [first_id(50), CUSTOMER]).fetchone()
    assert row is not None
    found = dict(zip(("order_id", "invoice_id", "number", "payment_id", "last_number"), row, strict=True))
    for name, statement in IDS.items():
        [(found[name],)] = database.execute(statement).fetchall()
    return found


def by_name(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each parameter that has a name."""
    last = sample["last_number"]
    return {
        **_of_an_order(sample),
        **_of_an_event(),
        **_of_a_batch(sample),
        **_of_customers(),
        **_of_payments(sample),
        **_of_an_audit(last),
        **_of_pages(),
        "after": UUID(int=0),
        "limit": LIMIT,
        "rows": LIMIT,
        "looked_at": LIMIT,
        "count": LIMIT,
        "bytes": 1 << 20,
        "preview_bytes": 64,
        "properties_bytes": 1 << 20,
        "days": 20_000,
        "outbox_ids": [sample["outbox_id"]],
        "parked_ids": [sample["parked_id"]],
        "exchanges": ["orders"],
        "routing_keys": ["order.created"],
        "text": str(sample["order_id"]),
        # None: all of them.
        "parked_id": None,
        "unmatched_id": None,
        "name": None,
        "failed_before": False,
        **{f"listed_{key}": sample[key] for key in LISTED_BY.values()},
    }


def variants(statement: Statement, named: Mapping[str, Any], positional: Mapping[str, list[Any]]) -> Iterator[Any]:
    """The parameters of each way to ask. Raises KeyError for a name that has no value."""
    names = set(NAMED.findall(statement.text))
    if not names:
        yield positional[statement.full_name] if "%s" in statement.text else None
        return
    given = {name: named[name] for name in names} | BY_STATEMENT.get(statement.full_name, {})
    if (key := LISTED_BY.get(statement.full_name)) is not None:
        one = named[f"listed_{key}"]
        yield from (given | {key: None, "after": None}, given | {key: None, "after": one}, given | {key: one})
    elif "failed_before" in names:
        yield from (given | {"failed_before": has_failed} for has_failed in (False, True))
    else:
        yield given


def by_position(sample: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of statements whose parameters have no names."""
    parked, outbox, unmatched = sample["parked_id"], sample["outbox_id"], sample["unmatched_id"]
    invoice, order, relay, told = sample["invoice_id"], sample["order_id"], "outbox_relay.repository", "reason"
    fingerprint, customers = bytes(32), "operations.customers_repository"
    return {
        "cancel_order.repository.DELETE_PUBLISHED": [outbox],
        "invoice_consumer.repository.REMEMBER_CANCELED": [[NEW], [NOW]],
        "invoice_consumer.repository.CANCEL_INVOICES": [[order]],
        "operations.activity.SIGNAL": [0],
        f"{customers}.SUSPEND": ["customer-5"],
        f"{customers}.RESUME": ["customer-5"],
        f"{customers}.LIMIT": [5, "customer-5"],
        f"{customers}.SELECT_KEYS": ["customer-5"],
        f"{customers}.LOCK": ["customer-5"],
        f"{customers}.COUNT_VALID_KEYS": ["customer-5"],
        f"{customers}.ISSUE": ["customer-5", bytes(32), "0000"],
        f"{customers}.REVOKE": [NEW],
        "operations.outbox_repository.EXISTS": [outbox],
        "operations.outbox_repository.POSTPONE": [5, outbox],
        "operations.outbox_repository.WAIT_AGAIN": [parked],
        "operations.publication.LOCK": [5],
        "operations.publication.NOTE": [1, 1, "etag"],
        "operations.repository.EXISTS": [parked],
        "operations.repository.LOCK_PARKED": [parked],
        "operations.repository.DISMISS": [parked],
        "operations.small_mends.FREE_IDEMPOTENCY_KEY": [CUSTOMER, "key-5"],
        "operations.unmatched_repository.EXISTS": [unmatched],
        "operations.unmatched_repository.DISMISS": [unmatched],
        f"{relay}.FORGET_BATCH": [told, [outbox], BEGUN_NOTES],
        f"{relay}.DELETE_PUBLISHED": [[outbox]],
        f"{relay}.POSTPONE": [[outbox], [told]],
        f"{relay}.EXPLAIN": [told, outbox],
        f"{relay}.TAKE_BACK": [told, [outbox]],
        f"{relay}.PURGE_EXPIRED_KEYS": [LIMIT],
        f"{relay}.PURGE_EXPIRED_DELIVERIES": [LIMIT],
        "deliveries.parking.PARK": [[fingerprint], ["q"], ["{}"], [b"x"], [told]],
        "deliveries.parking.END_ATTEMPTS": [[fingerprint]],
        "payments.statements.FIND_BY_NUMBER": [sample["number"]],
        "payments.statements.FIND_BY_ID": [invoice],
        "payments.statements.LOCK_INVOICE": [invoice],
        "payments.statements.EXPLAIN_UNMATCHED": [told, fingerprint],
        "payments.statements.SELECT_UNMATCHED": [unmatched],
        "payments.statements.DELETE_PUBLISHED": [outbox],
        "reading.orders.SELECT_ORDER": [order, CUSTOMER],
        "reading.orders.SELECT_INVOICE": [invoice, CUSTOMER],
        "reading.payments.SELECT_PAYMENTS": [invoice],
    }


def _of_an_order(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "order_id": sample["order_id"],
        "customer_id": CUSTOMER,
        "pseudonym": "erased",
        "amount": 1,
        "currency": "BRL",
        "reference": "reference 100",
        "status": "canceled",
        "created_at": NOW,
        "canceled_at": NOW,
        "key": "key-5",
        "request_hash": bytes(32),
        "response_body": "",
        "ttl_hours": 24,
        "ascii": b'"bench"',
        "utf8": b'"bench"',
    }


def _of_an_event() -> dict[str, Any]:
    return {
        "outbox_id": NEW,
        "exchange": "orders",
        "routing_key": "order.created",
        "properties": "{}",
        "body": b"{}",
        "due_in_s": 15.0,
        "note": BEGUN_NOTES[1],
        "note_with_many": BEGUN_NOTES[0],
        "few": LIMIT,
        "notes": BEGUN_NOTES,
        "fingerprints": [bytes(32)],
        "environment": NEW,
        "decoded": UUID(int=0),
    }


def _of_a_batch(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "order_ids": [sample["order_id"]],
        "invoice_ids": [NEW],
        "customer_ids": CUSTOMER,
        "amounts": "1",
        "currencies": "BRL",
        "traceparents": "",
        "due_days": 30,
        "late_after_ms": 90_000,
        "versions": [5],
        "statuses": ["paid"],
    }


def _of_customers() -> dict[str, Any]:
    return {"names": ["customer-5"], "limits": [5], "hashes": [bytes(32)], "hints": ["0000"]}


def _of_payments(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "invoice_id": sample["invoice_id"],
        "number": sample["number"],
        "invoice": str(sample["invoice_id"]),
        "provider": "p",
        "payment_id": sample["payment_id"],
        "refund_id": "new",
        "delivery_id": "5",
        "kept_days": 30,
        "occurred_at": NOW,
        "fingerprint": bytes(32),
        "kind": "payment",
        "reason": "reason",
    }


def _of_an_audit(last: int) -> dict[str, Any]:
    """A moment of the past, as wide as a few orders are apart."""
    first, second = first_id(50), UUID(int=first_id(50).int + (SOME_MINUTES_MS << 80))
    return {
        "since": id_of(NOW - timedelta(hours=2)),
        "until": UUID(int=2**128 - 1),
        "older_than_s": 8_000_000,
        "numbers": 100,
        "order_from": first,
        "order_to": second,
        "swept_order_from": first,
        "swept_order_to": second,
        "found_from": first,
        "found_to": second,
        "invoice_from": last - 3,
        "invoice_to": last,
        "swept_invoice_from": LIMIT,
        "swept_invoice_to": LIMIT + 3,
        "credit_note_from": LIMIT,
        "credit_note_to": LIMIT + 3,
        "from": LIMIT,
        "to": 2 * LIMIT,
        "swept_from": LIMIT,
        "swept_to": 2 * LIMIT,
        "changed_at": NOW,
        "next_changed_at": NOW,
        "next_swept_order": first,
        "next_swept_invoice": 1,
        "next_found": first,
        "series": "invoices",
    }


def _of_pages() -> dict[str, Any]:
    created_from, created_to = NOW - timedelta(days=60), NOW - timedelta(days=40)
    first, last = bounds(created_from=created_from, created_to=created_to, before=None)
    return {
        "first_id": first,
        "last_id": last,
        "created_from": created_from,
        "created_to": created_to,
        "first": UUID(int=0),
        "last": UUID(int=2**128 - 1),
    }
