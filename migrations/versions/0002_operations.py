"""Operators: a login of their own and the dismissal of parked messages; every login down to the columns it uses.

Revision: 0002, after 0001. The previous release runs on it: nothing that its statements read or write is taken away.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DISMISSAL = """
SET LOCAL ROLE invoices_owner;
ALTER TABLE invoices.parked_messages ADD COLUMN dismissed_at timestamptz;
COMMENT ON COLUMN invoices.parked_messages.dismissed_at IS
    'An operator decided that it need not be replayed; seen again later, it waits again.';
RESET ROLE;
"""

# ON CONFLICT (column) and RETURNING column take SELECT on it, excluded.column too; FOR UPDATE takes UPDATE on any.
NARROWED_ORDERS = """
SET LOCAL ROLE orders_owner;

REVOKE ALL ON orders.orders, orders.outbox, orders.idempotency_keys FROM create_order, outbox_relay;

GRANT SELECT (order_id), INSERT (order_id, customer_id, amount, currency, created_at)
    ON orders.orders TO create_order;
GRANT SELECT (outbox_id), INSERT (outbox_id, exchange, routing_key, properties, body, due_at), DELETE
    ON orders.outbox TO create_order;
GRANT SELECT (customer_id, key, request_hash, order_id, response_body, expires_at),
    INSERT (customer_id, key, request_hash, order_id, response_body, expires_at),
    UPDATE (request_hash, order_id, response_body, created_at, expires_at)
    ON orders.idempotency_keys TO create_order;

GRANT SELECT (outbox_id, exchange, routing_key, properties, body, due_at, attempts),
    UPDATE (attempts, last_error, due_at), DELETE
    ON orders.outbox TO outbox_relay;
GRANT SELECT (customer_id, key, expires_at), UPDATE (expires_at), DELETE ON orders.idempotency_keys TO outbox_relay;

RESET ROLE;
"""

NARROWED_INVOICES = """
SET LOCAL ROLE invoices_owner;

REVOKE ALL ON invoices.invoices, invoices.invoice_counter, invoices.parked_messages FROM invoice_consumer;

GRANT SELECT (order_id), INSERT (number, order_id, customer_id, amount, currency, issued_at, due_at)
    ON invoices.invoices TO invoice_consumer;
GRANT SELECT (last_number), UPDATE (last_number) ON invoices.invoice_counter TO invoice_consumer;
GRANT SELECT (fingerprint, reason, seen_count), INSERT (fingerprint, queue, properties, body, reason),
    UPDATE (reason, seen_count, last_seen_at)
    ON invoices.parked_messages TO invoice_consumer;

RESET ROLE;
"""

OPERATIONS = """
SET LOCAL ROLE orders_owner;
GRANT USAGE ON SCHEMA orders TO operations;
GRANT SELECT (order_id, customer_id, amount, currency, created_at) ON orders.orders TO operations;
GRANT SELECT (outbox_id, created_at, due_at, attempts, last_error),
    INSERT (outbox_id, exchange, routing_key, properties, body, due_at)
    ON orders.outbox TO operations;

SET LOCAL ROLE invoices_owner;
GRANT USAGE ON SCHEMA invoices TO operations;
GRANT SELECT (order_id, number, customer_id, amount, currency) ON invoices.invoices TO operations;
GRANT SELECT (last_number) ON invoices.invoice_counter TO operations;
GRANT SELECT (parked_id, queue, properties, body, reason, first_seen_at, last_seen_at, seen_count, replayed_at,
    dismissed_at), UPDATE (replayed_at, dismissed_at)
    ON invoices.parked_messages TO operations;
RESET ROLE;
"""

# What PostgreSQL gives every role and no function uses: temporary tables, and before 15 tables in `public`.
PUBLIC = """
DO $$ BEGIN EXECUTE format('{} TEMPORARY ON DATABASE %I {} PUBLIC', current_database()); END $$;
"""

WIDENED = """
SET LOCAL ROLE orders_owner;
REVOKE ALL ON orders.orders, orders.outbox, orders.idempotency_keys FROM create_order, outbox_relay, operations;
REVOKE USAGE ON SCHEMA orders FROM operations;
GRANT SELECT, INSERT ON orders.orders TO create_order;
GRANT SELECT (outbox_id), INSERT, DELETE ON orders.outbox TO create_order;
GRANT SELECT, INSERT, UPDATE ON orders.idempotency_keys TO create_order;
GRANT SELECT, UPDATE, DELETE ON orders.outbox TO outbox_relay;
GRANT SELECT, UPDATE, DELETE ON orders.idempotency_keys TO outbox_relay;

SET LOCAL ROLE invoices_owner;
REVOKE ALL ON invoices.invoices, invoices.invoice_counter, invoices.parked_messages FROM invoice_consumer, operations;
REVOKE USAGE ON SCHEMA invoices FROM operations;
GRANT SELECT, INSERT ON invoices.invoices TO invoice_consumer;
GRANT SELECT, UPDATE ON invoices.invoice_counter TO invoice_consumer;
GRANT SELECT, INSERT, UPDATE ON invoices.parked_messages TO invoice_consumer;
ALTER TABLE invoices.parked_messages DROP COLUMN dismissed_at;
RESET ROLE;
"""


def upgrade() -> None:
    for statements in (DISMISSAL, NARROWED_ORDERS, NARROWED_INVOICES, OPERATIONS):
        op.execute(statements)
    op.execute(PUBLIC.format("REVOKE", "FROM"))
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def downgrade() -> None:
    op.execute(WIDENED)
    op.execute(PUBLIC.format("GRANT", "TO"))
