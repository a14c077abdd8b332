"""People on call read every table, or change rows; operators get what they had to do by hand.

Revision: 0011, after 0010. The previous release runs on it: rights are added and nothing is taken away. What a later
migration adds to these schemas, people may read and change as well; a login of a function gets its columns by name.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SIDES = ("orders", "invoices")

PEOPLE = """
SET LOCAL ROLE {side}_owner;
GRANT USAGE ON SCHEMA {side} TO on_call, break_glass;
GRANT SELECT ON ALL TABLES IN SCHEMA {side} TO on_call;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {side} TO break_glass;
ALTER DEFAULT PRIVILEGES IN SCHEMA {side} GRANT SELECT ON TABLES TO on_call;
ALTER DEFAULT PRIVILEGES IN SCHEMA {side} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO break_glass;
RESET ROLE;
"""

# Matching by hand writes what `record_payment` writes for a webhook.
OPERATIONS = """
SET LOCAL ROLE orders_owner;
GRANT SELECT (expires_at, created_at) ON orders.idempotency_keys TO operations;
GRANT SELECT (deaths, started_at), DELETE ON orders.delivery_attempts TO operations;

SET LOCAL ROLE invoices_owner;
GRANT SELECT (deaths, started_at), DELETE ON invoices.delivery_attempts TO operations;
GRANT SELECT (traceparent, due_at), UPDATE (status, version, updated_at) ON invoices.invoices TO operations;
GRANT INSERT (provider, payment_id, invoice_id, amount, currency, paid_at) ON invoices.payments TO operations;
GRANT INSERT (provider, refund_id, payment_id, amount, refunded_at) ON invoices.refunds TO operations;
GRANT UPDATE (reason, matched_at) ON invoices.unmatched_payments TO operations;
RESET ROLE;
"""

# What the server says of its sessions, and a signal to those of the functions; no table. RDS's administrator may grant
# the first, and by AWS's documents the second. A server that refuses one must not stop a release: less is seen then.
SESSIONS = """
DO $$ BEGIN
    GRANT pg_monitor TO operations, on_call, break_glass;
EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING 'sessions of others stay unseen: %', SQLERRM;
END $$;
DO $$ BEGIN
    GRANT pg_signal_backend TO operations, break_glass;
EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING 'no session can be ended by operators: %', SQLERRM;
END $$;
"""

NARROWED = """
SET LOCAL ROLE orders_owner;
REVOKE SELECT (expires_at, created_at) ON orders.idempotency_keys FROM operations;
REVOKE SELECT (deaths, started_at), DELETE ON orders.delivery_attempts FROM operations;

SET LOCAL ROLE invoices_owner;
REVOKE SELECT (deaths, started_at), DELETE ON invoices.delivery_attempts FROM operations;
REVOKE SELECT (traceparent, due_at), UPDATE (status, version, updated_at) ON invoices.invoices FROM operations;
REVOKE INSERT (provider, payment_id, invoice_id, amount, currency, paid_at) ON invoices.payments FROM operations;
REVOKE INSERT (provider, refund_id, payment_id, amount, refunded_at) ON invoices.refunds FROM operations;
REVOKE UPDATE (reason, matched_at) ON invoices.unmatched_payments FROM operations;
RESET ROLE;
"""

NO_SESSIONS = """
DO $$ BEGIN
    REVOKE pg_monitor FROM operations, on_call, break_glass;
    REVOKE pg_signal_backend FROM operations, break_glass;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
"""

NO_PEOPLE = """
SET LOCAL ROLE {side}_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA {side} REVOKE ALL ON TABLES FROM on_call, break_glass;
REVOKE ALL ON ALL TABLES IN SCHEMA {side} FROM on_call, break_glass;
REVOKE USAGE ON SCHEMA {side} FROM on_call, break_glass;
RESET ROLE;
"""


def upgrade() -> None:
    for side in SIDES:
        op.execute(PEOPLE.format(side=side))
    op.execute(OPERATIONS)
    op.execute(SESSIONS)


def downgrade() -> None:
    op.execute(NARROWED)
    op.execute(NO_SESSIONS)
    for side in SIDES:
        op.execute(NO_PEOPLE.format(side=side))
