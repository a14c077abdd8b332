"""Indexes for what the relay, the audit, operators and the console ask for, so that none of it reads a table whole.

Revision: 0012, after 0011. Built beside orders that go on. What the relay takes next had one index for rows that failed
before and rows that did not, where many of one kind were read to find few of the other: now each kind has its own, and
the previous release's statements use them as well. An order's event is in no index more than before.
"""

from migrations.indexes import create_index, drop_index

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SIDES = ("orders", "invoices")
# As operations and the console ask (`operations.repository`, `operations.unmatched_repository`).
WAITING = "coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)"
UNMATCHED = "(matched_at IS NULL AND coalesce(last_seen_at > dismissed_at, true))"

OF_A_SIDE = {
    # `attempts <= 0` is what PostgreSQL makes of `(attempts > 0) = false`.
    ("outbox_untried", "outbox"): "(due_at, outbox_id) WHERE attempts <= 0",
    ("outbox_failed", "outbox"): "(due_at, outbox_id) WHERE attempts > 0",
    ("parked_messages_last_seen_at", "parked_messages"): "(last_seen_at DESC, parked_id)",
    ("parked_messages_waiting", "parked_messages"): f"(parked_id) WHERE {WAITING}",
    ("parked_messages_waiting_last_seen_at", "parked_messages"): f"(last_seen_at DESC) WHERE {WAITING}",
}
# A hash, since a sender may name an invoice by a text of any length.
OTHERS = {
    ("unmatched_payments_last_seen_at", "invoices.unmatched_payments"): "(last_seen_at DESC, unmatched_id)",
    ("unmatched_payments_waiting", "invoices.unmatched_payments"): f"(first_seen_at, unmatched_id) WHERE {UNMATCHED}",
    ("unmatched_payments_invoice", "invoices.unmatched_payments"): "USING hash (invoice)",
    ("customers_of_stack", "customers.customers"): "(customer_id) WHERE is_of_stack",
}
INDEXES = {
    (name, f"{side}.{table}"): columns for side in SIDES for (name, table), columns in OF_A_SIDE.items()
} | OTHERS
REPLACED = "outbox_due_at"


def upgrade() -> None:
    for (name, table), columns in INDEXES.items():
        create_index(name, table=table, columns=columns)
    for side in SIDES:
        drop_index(REPLACED, table=f"{side}.outbox")


def downgrade() -> None:
    for side in SIDES:
        create_index(REPLACED, table=f"{side}.outbox", columns="(due_at, outbox_id)")
    for name, table in INDEXES:
        drop_index(name, table=table)
