"""Cancellations in Postgres: the order's status, the event and the key's answer in one transaction."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from cancel_order.cancellations import Cancellation, CancelOrder, Stored
from contracts.errors import OrderNotFoundError, OrderPaidError, RequestInProgressError
from outbox import row_parameters
from postgres import Database
from postgres.lean_psycopg import psycopg
from reading import orders

# A key that has expired and is not yet purged counts as unused. The answer follows in the same transaction.
CLAIM_KEY = """
INSERT INTO orders.idempotency_keys AS used (customer_id, key, request_hash, order_id, response_body, expires_at)
SELECT customer_id, %(key)s, %(request_hash)s, order_id, '', clock_timestamp() + %(ttl_hours)s * interval '1 hour'
FROM orders.orders WHERE order_id = %(order_id)s AND customer_id = %(customer_id)s
ON CONFLICT (customer_id, key) DO UPDATE
SET request_hash = excluded.request_hash, order_id = excluded.order_id, response_body = excluded.response_body,
    created_at = clock_timestamp(), expires_at = excluded.expires_at
WHERE used.expires_at <= clock_timestamp()
"""

SELECT_RESPONSE = """
SELECT response_body, request_hash FROM orders.idempotency_keys
WHERE customer_id = %(customer_id)s AND key = %(key)s AND expires_at > clock_timestamp()
"""

KEEP_RESPONSE = """
UPDATE orders.idempotency_keys SET response_body = %(response_body)s
WHERE customer_id = %(customer_id)s AND key = %(key)s
"""

# Waits for another transaction that changes the order, and then looks at what that one has made of it.
CANCEL = """
WITH canceled AS (
    UPDATE orders.orders SET status = 'canceled', updated_at = %(canceled_at)s
    WHERE order_id = %(order_id)s AND customer_id = %(customer_id)s AND status = 'pending'
    RETURNING order_id
)
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
SELECT %(outbox_id)s::uuid, %(exchange)s, %(routing_key)s, %(properties)s::json, %(body)s::bytea,
       clock_timestamp() + %(due_in_s)s * interval '1 second'
FROM canceled
"""

# Whether this very event is stored: the connection was lost after the commit, and this is the second attempt.
SELECT_OWN_EVENT = "SELECT outbox_id FROM orders.outbox WHERE outbox_id = %(outbox_id)s"

# As errors name it, without its schema.
KEYS_RELATION = "idempotency_keys"

# A function, so that it need not wait for the disk: migration 0014.
DELETE_PUBLISHED = "SELECT orders.delete_published(%s)"

Connection = psycopg.Connection[Any]


class PostgresCancellationRepository:
    """Raises psycopg.Error, and RequestInProgressError while another request with the same key is running."""

    def __init__(self, database: Database, *, idempotency_ttl_hours: int) -> None:
        self._database = database
        self._ttl_hours = idempotency_ttl_hours

    def cancel(self, cancellation: Cancellation, *, due_in_s: float) -> Stored:
        """Cancel and store the event, or return what the key was answered before, changing nothing.

        Raises OrderNotFoundError and OrderPaidError. Harmless to repeat: an order that is canceled stays so.
        """
        command = cancellation.command
        parameters = {
            **row_parameters(cancellation.outbox_id, cancellation.message, due_in_s=due_in_s),
            "order_id": command.order_id,
            "customer_id": command.customer_id,
            "canceled_at": cancellation.canceled_at,
            "key": command.idempotency_key,
            "request_hash": command.request_hash(),
            "ttl_hours": self._ttl_hours,
        }
        return self._database.run(lambda connection: _cancel(connection, command, parameters))

    def delete_published(self, outbox_id: UUID) -> None:
        """Forget an event that the broker has confirmed."""
        self._database.run(lambda connection: connection.execute(DELETE_PUBLISHED, [outbox_id]))


def _cancel(connection: Connection, command: CancelOrder, parameters: dict[str, Any]) -> Stored:
    with connection.transaction():
        if command.idempotency_key is not None and (before := _claim(connection, parameters)) is not None:
            return before
        has_event = connection.execute(CANCEL, parameters).rowcount == 1 or _is_stored(connection, parameters)
        order = orders.find(connection, command.order_id, customer_id=command.customer_id)
        if order is None:
            raise OrderNotFoundError
        if order.status != "canceled":
            raise OrderPaidError
        response_body = json.dumps(order.to_body(), ensure_ascii=False, separators=(",", ":"))
        if command.idempotency_key is not None:
            connection.execute(KEEP_RESPONSE, {**parameters, "response_body": response_body})
    return Stored(response_body=response_body, has_event=has_event)


def _claim(connection: Connection, parameters: dict[str, Any]) -> Stored | None:
    """Claim the key for this request; return what an earlier one with it was answered."""
    try:
        if connection.execute(CLAIM_KEY, parameters).rowcount == 1:
            return None
    except psycopg.errors.LockNotAvailable as error:
        # Postgres says which relation's tuple it waited for, and waits for a table, as for a migration's, without a
        # context.
        if KEYS_RELATION in (error.diag.context or ""):
            raise RequestInProgressError from None
        raise
    row = connection.execute(SELECT_RESPONSE, parameters).fetchone()
    if row is None:
        return None
    if _is_stored(connection, parameters):
        return Stored(response_body=row[0], has_event=True)
    return Stored(response_body=row[0], request_hash=bytes(row[1]))


def _is_stored(connection: Connection, parameters: dict[str, Any]) -> bool:
    return connection.execute(SELECT_OWN_EVENT, parameters).fetchone() is not None
