"""Orders, outbox and idempotency keys in Postgres: one statement each, so that one round trip is the transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.errors import RequestInProgressError
from create_order.orders import NewOrder, StoredResponse
from outbox import row_parameters
from postgres import Database
from postgres.lean_psycopg import psycopg

# ON CONFLICT: the statement may be a repetition after a lost connection, under the same ids.
INSERT_ORDER = """
WITH new_order AS (
    INSERT INTO orders.orders (order_id, customer_id, amount, currency, reference, created_at)
    VALUES (%(order_id)s, %(customer_id)s, %(amount)s, %(currency)s, %(reference)s, %(created_at)s)
    ON CONFLICT (order_id) DO NOTHING
)
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
VALUES (%(outbox_id)s, %(exchange)s, %(routing_key)s, %(properties)s, %(body)s,
        clock_timestamp() + %(due_in_s)s * interval '1 second')
ON CONFLICT (outbox_id) DO NOTHING
"""

# A key that has expired and is not yet purged counts as unused. Waiting for another transaction that holds the same key
# ends with the role's lock_timeout.
INSERT_ORDER_WITH_KEY = """
WITH claimed AS (
    INSERT INTO orders.idempotency_keys AS used
        (customer_id, key, request_hash, order_id, response_body, expires_at)
    VALUES (%(customer_id)s, %(key)s, %(request_hash)s, %(order_id)s, %(response_body)s,
            clock_timestamp() + %(ttl_hours)s * interval '1 hour')
    ON CONFLICT (customer_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, order_id = excluded.order_id, response_body = excluded.response_body,
        created_at = clock_timestamp(), expires_at = excluded.expires_at
    WHERE used.expires_at <= clock_timestamp()
    RETURNING used.order_id
), new_order AS (
    INSERT INTO orders.orders (order_id, customer_id, amount, currency, reference, created_at)
    SELECT order_id, %(customer_id)s, %(amount)s::bigint, %(currency)s, %(reference)s,
           %(created_at)s::timestamptz
    FROM claimed
)
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
SELECT %(outbox_id)s::uuid, %(exchange)s, %(routing_key)s, %(properties)s::json, %(body)s::bytea,
       clock_timestamp() + %(due_in_s)s * interval '1 second'
FROM claimed
"""

SELECT_RESPONSE = """
SELECT order_id, request_hash, response_body FROM orders.idempotency_keys
WHERE customer_id = %(customer_id)s AND key = %(key)s
"""

# As errors name it, without its schema.
KEYS_RELATION = "idempotency_keys"

# A function, so that it need not wait for the disk: migration 0014.
DELETE_PUBLISHED = "SELECT orders.delete_published(%s)"


class PostgresOrderRepository:
    """Raises psycopg.Error, and RequestInProgressError while another request with the same key is running."""

    def __init__(self, database: Database, *, idempotency_ttl_hours: int) -> None:
        self._database = database
        self._ttl_hours = idempotency_ttl_hours

    def insert(self, new: NewOrder, *, due_in_s: float) -> StoredResponse | None:
        """Store the order, its event and its key; or return what the key was answered before, storing nothing."""
        parameters = _parameters(new, due_in_s=due_in_s)
        if new.command.idempotency_key is None:
            self._database.run(lambda connection: connection.execute(INSERT_ORDER, parameters))
            return None
        parameters |= self._key_parameters(new)
        return self._database.run(lambda connection: _insert_with_key(connection, parameters))

    def delete_published(self, outbox_id: UUID) -> None:
        """Forget an event that the broker has confirmed."""
        self._database.run(lambda connection: connection.execute(DELETE_PUBLISHED, [outbox_id]))

    def _key_parameters(self, new: NewOrder) -> dict[str, Any]:
        return {
            "key": new.command.idempotency_key,
            "request_hash": new.command.request_hash(),
            "response_body": new.response_body,
            "ttl_hours": self._ttl_hours,
        }


def _parameters(new: NewOrder, *, due_in_s: float) -> dict[str, Any]:
    return {
        "order_id": new.order.order_id,
        "customer_id": new.order.customer_id,
        "amount": new.order.amount,
        "currency": new.order.currency,
        "reference": new.order.reference,
        "created_at": new.order.created_at,
        **row_parameters(new.outbox_id, new.message, due_in_s=due_in_s),
    }


def _insert_with_key(connection: psycopg.Connection[Any], parameters: dict[str, Any]) -> StoredResponse | None:
    while True:
        try:
            if connection.execute(INSERT_ORDER_WITH_KEY, parameters).rowcount == 1:
                return None
        except psycopg.errors.LockNotAvailable as error:
            if _waited_for_key(error):
                raise RequestInProgressError from None
            raise
        row = connection.execute(SELECT_RESPONSE, parameters).fetchone()
        if row is not None:
            return StoredResponse(order_id=row[0], request_hash=row[1], response_body=row[2])
        # The record expired and was purged between the two statements: the key is free again.


def _waited_for_key(error: psycopg.errors.LockNotAvailable) -> bool:
    """Whether another transaction holds the key, rather than the table, as a migration does, or another one.

    Its row is not committed, so no query shows it. But Postgres says which tuple it waited for, and in which relation,
    and waits for a table without any context. The name is the same whatever language the server speaks.
    """
    return KEYS_RELATION in (error.diag.context or "")
