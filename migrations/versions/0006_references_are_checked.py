"""The length of references is checked for all rows.

Revision: 0006, after 0005. A scan that stops neither reads nor writes, apart from the migration that holds the lock.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL ROLE orders_owner")
    op.execute("ALTER TABLE orders.orders VALIDATE CONSTRAINT orders_reference_check")
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Nothing: an earlier revision does not tell a validated constraint from another."""
