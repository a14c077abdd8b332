"""The outbox as the relay sees it: small transactions over rows that are due, locked so that two relays share them.

Small in bytes as well as in rows: a batch is held in memory several times over while it is published.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from outbox_relay.batch_size import ROWS_MIN
from postgres.lean_psycopg import psycopg
from rabbitmq import Message

SUSPECTS_AT_ONCE = ROWS_MIN
LOOKED_AT_FOR_SUSPECTS = 2_000
BYTES_PER_BATCH = 4 << 20
# Properties travel in one frame of at most 128 KiB, and JSON spells one byte with at most six characters.
PROPERTIES_BYTES_MAX = 1 << 20

# What a run notes before it begins rows. It stays with those that the run died over: they never share a batch again.
BEGUN_WITH_MANY = "publishing it in a large batch was begun and not finished"
BEGUN_TOGETHER = "publishing it in a batch was begun and not finished"
BEGUN = "publishing it alone was begun and not finished"
BEGUN_NOTES = [BEGUN_WITH_MANY, BEGUN_TOGETHER, BEGUN]

# SKIP LOCKED: a second relay takes the next rows instead of waiting for these. Sizes are known without reading values;
# the first row comes however large it is. A row that failed before shares no batch with one that did not.
BEGIN_BATCH = """
WITH due AS (
    SELECT outbox_id, due_at, octet_length(body) + octet_length(properties::text) AS bytes FROM {schema}.outbox
    WHERE due_at <= statement_timestamp() AND (attempts > 0) = %(failed_before)s
      AND (last_error IS NULL OR last_error <> ALL (%(notes)s::text[]))
    ORDER BY due_at, outbox_id LIMIT %(rows)s FOR UPDATE SKIP LOCKED
), measured AS (
    SELECT outbox_id, sum(bytes) OVER (ORDER BY due_at, outbox_id) - bytes AS bytes_before FROM due
), chosen AS (
    SELECT outbox_id FROM measured WHERE bytes_before < %(bytes)s
)
UPDATE {schema}.outbox
SET last_error = CASE WHEN (SELECT count(*) FROM chosen) > %(few)s THEN %(note_with_many)s ELSE %(note)s END
FROM chosen WHERE outbox.outbox_id = chosen.outbox_id RETURNING outbox.outbox_id
"""

# As above, of these rows. A second relay that has them in view as well takes none of them.
BEGIN_AGAIN = """
WITH measured AS (
    SELECT outbox_id, octet_length(body) + octet_length(properties::text) AS bytes FROM {schema}.outbox
    WHERE outbox_id = ANY(%(outbox_ids)s)
), summed AS (
    SELECT outbox_id, sum(bytes) OVER (ORDER BY outbox_id) - bytes AS bytes_before FROM measured
)
UPDATE {schema}.outbox SET last_error = %(note)s FROM summed
WHERE outbox.outbox_id = summed.outbox_id AND bytes_before < %(bytes)s AND last_error = %(note_with_many)s
RETURNING outbox.outbox_id
"""

LOCK = """
SELECT outbox_id, exchange, routing_key, body,
       CASE WHEN octet_length(properties::text) <= %(properties_bytes)s THEN properties::text END
FROM {schema}.outbox WHERE outbox_id = ANY(%(outbox_ids)s) ORDER BY due_at, outbox_id FOR UPDATE SKIP LOCKED
"""

# Those of large batches first, then those with few attempts: what kills the relay again and again collects them, its
# neighbours do not. Only the rows that are due first are looked at, of each kind: batches begin there, so a suspect is
# among them, or comes to be when those before it are gone. An index of suspects would cost every row of every batch.
SELECT_SUSPECTS = """
SELECT outbox_id, last_error, attempts > 0 FROM (
    (SELECT outbox_id, attempts, due_at, last_error FROM {schema}.outbox
     WHERE due_at <= statement_timestamp() AND attempts <= 0 ORDER BY due_at, outbox_id LIMIT %(looked_at)s)
    UNION ALL
    (SELECT outbox_id, attempts, due_at, last_error FROM {schema}.outbox
     WHERE due_at <= statement_timestamp() AND attempts > 0 ORDER BY due_at, outbox_id LIMIT %(looked_at)s)
) first_due
WHERE last_error = ANY(%(notes)s)
ORDER BY last_error <> %(note_with_many)s, attempts, due_at, outbox_id LIMIT %(rows)s
"""

FORGET_BATCH = """
UPDATE {schema}.outbox SET last_error = CASE WHEN attempts > 0 THEN %s END
WHERE outbox_id = ANY(%s) AND last_error = ANY(%s)
"""

REASON_LENGTH_MAX = 500

DELETE_PUBLISHED = "DELETE FROM {schema}.outbox WHERE outbox_id = ANY(%s)"

# Back-off 2, 4, 8, … seconds, at most 25: with the schedule's minute a row is tried again within 90 s (guarantee G4).
BACK_OFF = "clock_timestamp() + least(25, power(2, least({}, 10))) * interval '1 second'"

POSTPONE = f"""
UPDATE {{schema}}.outbox
SET attempts = attempts + 1, last_error = failed.reason, due_at = {BACK_OFF.format("attempts + 1")}
FROM unnest(%s::uuid[], %s::text[]) AS failed (id, reason) WHERE outbox_id = failed.id
"""  # noqa: S608 (a constant)

EXPLAIN = f"""
UPDATE {{schema}}.outbox SET last_error = %s, due_at = {BACK_OFF.format("attempts")} WHERE outbox_id = %s
"""  # noqa: S608 (a constant)

# Due at once and yet behind those that were due before: whatever is wrong with it, the next run begins with others.
TAKE_BACK = """
UPDATE {schema}.outbox SET attempts = attempts - 1, last_error = CASE WHEN attempts > 1 THEN %s END,
    due_at = clock_timestamp()
WHERE outbox_id = ANY(%s) AND attempts > 0
"""

# What else expires on the side: answers that keys get again, and webhooks that were answered.
PURGE_EXPIRED_KEYS = """
DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (
    SELECT customer_id, key FROM orders.idempotency_keys
    WHERE expires_at <= statement_timestamp() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
"""

PURGE_EXPIRED_DELIVERIES = """
DELETE FROM invoices.webhook_deliveries WHERE (provider, delivery_id) IN (
    SELECT provider, delivery_id FROM invoices.webhook_deliveries
    WHERE expires_at <= statement_timestamp() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
"""
PURGE_EXPIRED = {"orders": PURGE_EXPIRED_KEYS, "invoices": PURGE_EXPIRED_DELIVERIES}

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row to publish; None for properties that cannot be read."""

    outbox_id: UUID
    message: Message | None


class Suspect(NamedTuple):
    """A row that an earlier run began and did not finish: whether in a large batch, and whether it failed before."""

    outbox_id: UUID
    is_of_many: bool
    failed_before: bool


class Outbox:
    """The outbox of one side, by its schema. Raises psycopg.Error."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema

    def transaction(self) -> AbstractContextManager[object]:
        """What happens in the block happens at once or not at all."""
        return self._connection.transaction()

    def begin_batch(self, *, rows: int, failed_before: bool) -> list[UUID]:
        """Note on the next due rows that they are begun: those that failed before, or the others; never a suspect."""
        limits = {"rows": rows, "bytes": BYTES_PER_BATCH, "few": ROWS_MIN}
        notes = {"note": BEGUN_TOGETHER, "note_with_many": BEGUN_WITH_MANY, "notes": BEGUN_NOTES}
        begun = self._execute(BEGIN_BATCH, {"failed_before": failed_before, **limits, **notes}, binary=True)
        return [row[0] for row in begun.fetchall()]

    def begin_again(self, outbox_ids: Sequence[UUID]) -> list[UUID]:
        """Note on these rows of a large batch that they are begun in a small one; returns those that are."""
        notes = {"note": BEGUN_TOGETHER, "note_with_many": BEGUN_WITH_MANY}
        parameters = {"outbox_ids": list(outbox_ids), "bytes": BYTES_PER_BATCH, **notes}
        return [row[0] for row in self._execute(BEGIN_AGAIN, parameters)]

    def lock(self, outbox_ids: Sequence[UUID]) -> list[DueRow]:
        """Read these rows, as far as they are still there; locked until the transaction ends."""
        parameters = {"outbox_ids": list(outbox_ids), "properties_bytes": PROPERTIES_BYTES_MAX}
        # In binary a body takes half the room.
        rows = self._execute(LOCK, parameters, binary=True).fetchall()
        return [DueRow(row[0], _message(*row[1:])) for row in rows]

    def suspects(self) -> list[Suspect]:
        """Due rows that an earlier run began and did not finish."""
        limits = {"rows": SUSPECTS_AT_ONCE, "looked_at": LOOKED_AT_FOR_SUSPECTS}
        notes = {"note_with_many": BEGUN_WITH_MANY, "notes": BEGUN_NOTES}
        rows = self._execute(SELECT_SUSPECTS, {**notes, **limits})
        return [Suspect(row[0], is_of_many=row[1] == BEGUN_WITH_MANY, failed_before=row[2]) for row in rows]

    def forget_batch(self, outbox_ids: Sequence[UUID], reason: str) -> None:
        """Take the note of a batch back: this run has survived it, whatever became of these rows."""
        self._execute(FORGET_BATCH, [_shown(reason), list(outbox_ids), [BEGUN_TOGETHER, BEGUN_WITH_MANY]])

    def delete_published(self, outbox_ids: Sequence[UUID]) -> None:
        self._execute(DELETE_PUBLISHED, [list(outbox_ids)])

    def postpone(self, reasons: Sequence[tuple[UUID, str]]) -> None:
        """Count a failed attempt and let these rows wait, so that they do not block the rows behind them."""
        ids, texts = [outbox_id for outbox_id, _ in reasons], [_shown(reason) for _, reason in reasons]
        self._execute(POSTPONE, [ids, texts])

    def note_attempt(self, outbox_id: UUID) -> bool:
        """Count an attempt that is about to be made, committed before it is; False when the row has gone meanwhile."""
        return self._execute(POSTPONE, [[outbox_id], [BEGUN]]).rowcount == 1

    def explain(self, outbox_id: UUID, reason: str) -> None:
        """Say why the attempt that was noted has failed; its back-off begins now."""
        self._execute(EXPLAIN, [_shown(reason), outbox_id])

    def take_back(self, outbox_ids: Sequence[UUID], reason: str) -> None:
        """Count the attempts that were noted for nothing: the broker was away."""
        self._execute(TAKE_BACK, [_shown(reason), list(outbox_ids)])

    def purge_expired(self, limit: int) -> int:
        """Delete up to `limit` of what has expired on this side; returns how many."""
        return self._connection.execute(PURGE_EXPIRED[self._schema], [limit]).rowcount

    def _execute(self, statement: str, parameters: Any, *, binary: bool = False) -> psycopg.Cursor[Any]:
        return self._connection.execute(_of_schema(statement, self._schema), parameters, binary=binary)


@cache
def _of_schema(statement: str, schema: str) -> str:
    return statement.format(schema=schema)


def _message(exchange: str, routing_key: str, body: bytes, properties: str | None) -> Message | None:
    try:
        return Message(exchange=exchange, routing_key=routing_key, body=body, properties=json.loads(properties or ""))
    except (ValueError, RecursionError):
        return None


def _shown(reason: str) -> str:
    """A reason that a text column takes: a message may have brought characters into it that Postgres refuses."""
    return reason.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:REASON_LENGTH_MAX]
