"""The consumer gives invoices their ids, a batch at a time.

Revision: 0013, after 0012. The previous release runs on it: its invoices get the column's default, as before.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

GRANT = """
SET LOCAL ROLE invoices_owner;
GRANT INSERT (invoice_id) ON invoices.invoices TO invoice_consumer;
RESET ROLE;
"""

REVOKE = """
SET LOCAL ROLE invoices_owner;
REVOKE INSERT (invoice_id) ON invoices.invoices FROM invoice_consumer;
RESET ROLE;
"""


def upgrade() -> None:
    op.execute(GRANT)


def downgrade() -> None:
    op.execute(REVOKE)
