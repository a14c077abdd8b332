"""The relay may read what it notes before a batch: a run that died with it is known by that.

Revision: 0004, after 0003. The previous release runs on it: a right is added and nothing is taken away.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GRANTED = """
SET LOCAL ROLE orders_owner;
GRANT SELECT (last_error) ON orders.outbox TO outbox_relay;
RESET ROLE;
"""

REVOKED = """
SET LOCAL ROLE orders_owner;
REVOKE SELECT (last_error) ON orders.outbox FROM outbox_relay;
RESET ROLE;
"""


def upgrade() -> None:
    op.execute(GRANTED)


def downgrade() -> None:
    op.execute(REVOKED)
