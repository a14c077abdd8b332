"""Parked messages and delivery attempts in Postgres, in the tables of one side: set by set, not message by message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from deliveries.batches import Rejection
from postgres.lean_psycopg import psycopg

PARK = """
INSERT INTO {schema}.parked_messages AS parked (fingerprint, queue, properties, body, reason)
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
INSERT INTO {{schema}}.delivery_attempts AS attempt (fingerprint, environment)
SELECT DISTINCT unnest(%(fingerprints)s::bytea[]), %(environment)s::uuid
ON CONFLICT (fingerprint) DO UPDATE
SET deaths = {_DEATHS}, environment = excluded.environment, started_at = clock_timestamp()
RETURNING fingerprint, deaths
"""

SELECT_ATTEMPTS = f"""
SELECT fingerprint, {_DEATHS}, attempt.environment = %(decoded)s::uuid
FROM {{schema}}.delivery_attempts attempt WHERE fingerprint = ANY(%(fingerprints)s::bytea[])
"""  # noqa: S608 (constants)

MARK_DECODED = """
UPDATE {schema}.delivery_attempts SET environment = %(decoded)s::uuid, deaths = 0
WHERE fingerprint = ANY(%(fingerprints)s::bytea[])
"""

END_ATTEMPTS = "DELETE FROM {schema}.delivery_attempts WHERE fingerprint = ANY(%s::bytea[])"


Connection = psycopg.Connection[Any]


class Attempt(NamedTuple):
    """Over a message: how many environments died, and whether one has decoded it."""

    deaths: int
    is_decoded: bool


class Parking:
    """The tables parked_messages and delivery_attempts of the schema of one side."""

    def __init__(self, schema: str) -> None:
        self._park = PARK.format(schema=schema)
        self._select_attempts = SELECT_ATTEMPTS.format(schema=schema)
        self._begin_attempts = BEGIN_ATTEMPTS.format(schema=schema)
        self._mark_decoded = MARK_DECODED.format(schema=schema)
        self._end_attempts = END_ATTEMPTS.format(schema=schema)

    def park(self, connection: Connection, rejections: Sequence[Rejection]) -> None:
        """Keep the messages as they came, with the reason; one that is there already is counted again."""
        deliveries = [rejection.delivery for rejection in rejections]
        connection.execute(
            self._park,
            [
                [delivery.fingerprint() for delivery in deliveries],
                [delivery.queue for delivery in deliveries],
                [_json(delivery.properties) for delivery in deliveries],
                [delivery.body for delivery in deliveries],
                [rejection.reason for rejection in rejections],
            ],
        )

    def attempts(
        self, connection: Connection, fingerprints: Sequence[bytes], *, environment: UUID
    ) -> dict[bytes, Attempt]:
        """What is known of these messages from their earlier deliveries."""
        rows = connection.execute(self._select_attempts, _of(fingerprints, environment))
        return {bytes(row[0]): Attempt(deaths=row[1], is_decoded=row[2]) for row in rows}

    def begin_attempts(
        self, connection: Connection, fingerprints: Sequence[bytes], *, environment: UUID
    ) -> dict[bytes, int]:
        """Note that this environment begins these messages; returns how many environments died over each before."""
        return {
            bytes(row[0]): row[1] for row in connection.execute(self._begin_attempts, _of(fingerprints, environment))
        }

    def mark_decoded(self, connection: Connection, fingerprints: Sequence[bytes]) -> None:
        """Take the note back: whatever happens to these messages from now on, it is not their fault."""
        connection.execute(self._mark_decoded, _of(fingerprints, DECODED))

    def end_attempts(self, connection: Connection, fingerprints: Sequence[bytes]) -> None:
        """Forget these messages: they are stored or parked."""
        connection.execute(self._end_attempts, [list(fingerprints)])


def _of(fingerprints: Sequence[bytes], environment: UUID) -> dict[str, Any]:
    return {"fingerprints": list(fingerprints), "environment": environment, "decoded": DECODED}


def _json(properties: object) -> str:
    """Properties as ASCII JSON: what Postgres cannot hold as characters stands there as escapes."""
    try:
        return json.dumps(properties, allow_nan=False)
    except (ValueError, RecursionError):
        # The properties hold NaN, or nest too deep for JSON; the message is parked all the same, with its body.
        return '{"unreadable": true}'
