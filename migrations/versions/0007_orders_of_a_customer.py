"""Indexes for a customer's orders, newest first: all of them, those of a status, those of a reference.

Revision: 0007, after 0006. Built beside orders that go on. No index begins as another one does: where two have the
customer first, the planner may read one and sort by the rest, for what is a range of the other (`reading.lists`).
"""

from migrations.indexes import create_index, drop_index

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "orders.orders"
INDEXES = {
    "orders_customer": "(customer_id, order_id)",
    "orders_status": "(status, customer_id, order_id)",
    "orders_reference": "(reference, customer_id, order_id) WHERE reference IS NOT NULL",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        create_index(name, table=TABLE, columns=columns)


def downgrade() -> None:
    for name in INDEXES:
        drop_index(name, table=TABLE)
