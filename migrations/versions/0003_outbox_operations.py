"""Operators may look into the outbox, postpone its rows and remove them.

Revision: 0003, after 0002. The previous release runs on it: rights are added and nothing is taken away.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# DELETE … RETURNING takes SELECT on what it returns.
GRANTED = """
SET LOCAL ROLE orders_owner;
GRANT SELECT (exchange, routing_key, properties, body), UPDATE (due_at), DELETE ON orders.outbox TO operations;
RESET ROLE;
"""

REVOKED = """
SET LOCAL ROLE orders_owner;
REVOKE SELECT (exchange, routing_key, properties, body), UPDATE (due_at), DELETE ON orders.outbox FROM operations;
RESET ROLE;
"""


def upgrade() -> None:
    op.execute(GRANTED)


def downgrade() -> None:
    op.execute(REVOKED)
