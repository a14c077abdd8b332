"""How far the audit has looked, and what it found and still sees: it need not read everything again.

Revision: 0009, after 0008. The previous release runs on it: a schema of its own, which only `operations` may enter.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Changes of before are of orders that are looked at for the first time.
TABLES = """
SET LOCAL ROLE audit_owner;

CREATE TABLE audit.progress (
    is_the_only_row      boolean PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    order_id             uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    invoice_number       bigint NOT NULL DEFAULT 0,
    credit_note_number   bigint NOT NULL DEFAULT 0,
    changed_at           timestamptz NOT NULL DEFAULT clock_timestamp() - interval '10 min',
    swept_order_id       uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    swept_invoice_number bigint NOT NULL DEFAULT 0,
    found_order_id       uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
INSERT INTO audit.progress DEFAULT VALUES;
COMMENT ON TABLE audit.progress IS 'Up to where the incremental audit has looked; what was wrong is beside it.';
COMMENT ON COLUMN audit.progress.order_id IS 'The last one of which the invoice was expected; ids are ordered by time.';
COMMENT ON COLUMN audit.progress.changed_at IS 'Changes of before were looked at.';
COMMENT ON COLUMN audit.progress.swept_order_id IS
    'A piece of what was looked at is looked at again each time, for what leaves no trace; then from the start.';
COMMENT ON COLUMN audit.progress.found_order_id IS 'Of the open findings, up to where this run has looked again.';

CREATE TABLE audit.open_findings (
    name     text NOT NULL,
    order_id uuid NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (order_id, name)
);
COMMENT ON TABLE audit.open_findings IS 'Orders with something wrong, looked at again each time until it is mended.';

CREATE TABLE audit.missing_numbers (
    series   text NOT NULL,
    number   bigint NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (series, number)
);
COMMENT ON TABLE audit.missing_numbers IS 'Of invoices and credit notes, looked at again each time.';

GRANT USAGE ON SCHEMA audit TO operations;
GRANT SELECT, UPDATE (order_id, invoice_number, credit_note_number, changed_at, swept_order_id, swept_invoice_number,
    found_order_id)
    ON audit.progress TO operations;
GRANT SELECT, INSERT (name, order_id), DELETE ON audit.open_findings TO operations;
GRANT SELECT, INSERT (series, number), DELETE ON audit.missing_numbers TO operations;

RESET ROLE;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA audit AUTHORIZATION audit_owner")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP SCHEMA audit CASCADE")
