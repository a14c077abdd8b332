"""Indexes for what changed lately, which the audit asks for every few minutes.

Revision: 0010, after 0009. Built beside orders that go on. An invoice changes with a payment, a refund or a credit
note, so its own time needs none. A new order has not changed and is in no index.
"""

from migrations.indexes import create_index, drop_index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEXES = {
    ("orders_updated_at", "orders.orders"): "(updated_at) WHERE updated_at IS NOT NULL",
    ("payments_recorded_at", "invoices.payments"): "(recorded_at)",
    ("refunds_recorded_at", "invoices.refunds"): "(recorded_at)",
}


def upgrade() -> None:
    for (name, table), columns in INDEXES.items():
        create_index(name, table=table, columns=columns)


def downgrade() -> None:
    for name, table in INDEXES:
        drop_index(name, table=table)
