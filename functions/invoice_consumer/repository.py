"""Invoices, parked messages and delivery attempts in Postgres: set by set, never message by message.

Numbers are gapless because they come from a counter row. Its lock is held from before the look for duplicates until
commit, so the holder sees every invoice there is. (A sequence would burn a number for every duplicate.)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from contracts.events import OrderCreated
from invoice_consumer.invoices import Rejection

# A statement of its own: the next one gets a fresh snapshot and its own time, both taken with the lock held.
LOCK_COUNTER = "SELECT last_number FROM invoices.invoice_counter FOR UPDATE"

INSERT_INVOICES = """
WITH incoming AS (
    SELECT DISTINCT ON (order_id) order_id, customer_id, amount, currency, position
    FROM unnest(%(order_ids)s::uuid[], %(customer_ids)s::text[], %(amounts)s::bigint[], %(currencies)s::text[])
         WITH ORDINALITY AS event (order_id, customer_id, amount, currency, position)
    ORDER BY order_id, position
), fresh AS (
    SELECT *, row_number() OVER (ORDER BY position) AS ordinal FROM incoming
    WHERE NOT EXISTS (SELECT FROM invoices.invoices existing WHERE existing.order_id = incoming.order_id)
), issued AS (
    INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)
    SELECT (SELECT last_number FROM invoices.invoice_counter) + ordinal, order_id, customer_id, amount, currency,
           statement_timestamp(), statement_timestamp() + %(due_days)s * interval '1 day'
    FROM fresh
    RETURNING 1
)
UPDATE invoices.invoice_counter SET last_number = last_number + (SELECT count(*) FROM issued)
RETURNING (SELECT count(*) FROM issued)
"""

PARK = """
INSERT INTO invoices.parked_messages AS parked (fingerprint, queue, properties, body, reason)
SELECT DISTINCT ON (fingerprint) * FROM
    unnest(%s::bytea[], %s::text[], %s::json[], %s::bytea[], %s::text[])
    AS message (fingerprint, queue, properties, body, reason)
ON CONFLICT (fingerprint) DO UPDATE
SET seen_count = parked.seen_count + 1, last_seen_at = clock_timestamp(), reason = excluded.reason
"""

# A note in no environment's hands: the message is decoded, so it never killed anything.
DECODED = UUID(int=0)

# A death: another environment than ours began this message and never came back to say that it decoded it.
_DEATHS = """attempt.deaths
    + (attempt.environment <> %(environment)s::uuid AND attempt.environment <> %(decoded)s::uuid)::int"""

BEGIN_ATTEMPTS = f"""
INSERT INTO invoices.delivery_attempts AS attempt (fingerprint, environment)
SELECT DISTINCT unnest(%(fingerprints)s::bytea[]), %(environment)s::uuid
ON CONFLICT (fingerprint) DO UPDATE
SET deaths = {_DEATHS}, environment = excluded.environment, started_at = clock_timestamp()
RETURNING fingerprint, deaths
"""

SELECT_ATTEMPTS = f"""
SELECT fingerprint, {_DEATHS}, attempt.environment = %(decoded)s::uuid
FROM invoices.delivery_attempts attempt WHERE fingerprint = ANY(%(fingerprints)s::bytea[])
"""  # noqa: S608

MARK_DECODED = """
UPDATE invoices.delivery_attempts SET environment = %(decoded)s::uuid, deaths = 0
WHERE fingerprint = ANY(%(fingerprints)s::bytea[])
"""

END_ATTEMPTS = "DELETE FROM invoices.delivery_attempts WHERE fingerprint = ANY(%s::bytea[])"

Connection = psycopg.Connection[Any]


class Attempt(NamedTuple):
    """Over a message: how many environments died, and whether one has decoded it."""

    deaths: int
    is_decoded: bool


class CounterMissingError(Exception):
    """invoices.invoice_counter has no row: without it nothing can be numbered, and nothing may be acknowledged."""


def issue_invoices(connection: Connection, orders: Sequence[OrderCreated], *, due_days: int) -> int:
    """Invoice those orders that have none; returns how many. Inside the caller's transaction."""
    if connection.execute(LOCK_COUNTER).fetchone() is None:
        raise CounterMissingError
    parameters = {
        "order_ids": [order.order_id for order in orders],
        "customer_ids": [order.customer_id for order in orders],
        "amounts": [order.amount for order in orders],
        "currencies": [order.currency for order in orders],
        "due_days": due_days,
    }
    row = connection.execute(INSERT_INVOICES, parameters).fetchone()
    if row is None:
        raise CounterMissingError
    return int(row[0])


def park(connection: Connection, rejections: Sequence[Rejection]) -> None:
    """Keep the messages as they came, with the reason; one that is there already is counted again."""
    deliveries = [rejection.delivery for rejection in rejections]
    connection.execute(
        PARK,
        [
            [delivery.fingerprint() for delivery in deliveries],
            [delivery.queue for delivery in deliveries],
            [_json(delivery.properties) for delivery in deliveries],
            [delivery.body for delivery in deliveries],
            [rejection.reason for rejection in rejections],
        ],
    )


def attempts(connection: Connection, fingerprints: Sequence[bytes], *, environment: UUID) -> dict[bytes, Attempt]:
    """What is known of these messages from their earlier deliveries."""
    rows = connection.execute(SELECT_ATTEMPTS, _of(fingerprints, environment))
    return {bytes(row[0]): Attempt(deaths=row[1], is_decoded=row[2]) for row in rows}


def begin_attempts(connection: Connection, fingerprints: Sequence[bytes], *, environment: UUID) -> dict[bytes, int]:
    """Note that this environment begins these messages; returns how many environments died over each before."""
    return {bytes(row[0]): row[1] for row in connection.execute(BEGIN_ATTEMPTS, _of(fingerprints, environment))}


def mark_decoded(connection: Connection, fingerprints: Sequence[bytes]) -> None:
    """Take the note back: whatever happens to these messages from now on, it is not their fault."""
    connection.execute(MARK_DECODED, _of(fingerprints, DECODED))


def end_attempts(connection: Connection, fingerprints: Sequence[bytes]) -> None:
    """Forget these messages: they are invoiced or parked."""
    connection.execute(END_ATTEMPTS, [list(fingerprints)])


def _of(fingerprints: Sequence[bytes], environment: UUID) -> dict[str, Any]:
    return {"fingerprints": list(fingerprints), "environment": environment, "decoded": DECODED}


def _json(properties: object) -> str:
    """Properties as ASCII JSON: what Postgres cannot hold as characters stands there as escapes."""
    try:
        return json.dumps(properties, allow_nan=False)
    except (ValueError, RecursionError):
        # The properties hold NaN, or nest too deep for JSON; the message is parked all the same, with its body.
        return '{"unreadable": true}'
