"""Customers and the hashes of their keys, and how far they are published to the gateways.

Revision: 0008, after 0007. The previous release runs on it: a schema of its own, which only `operations` may enter.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
SET LOCAL ROLE customers_owner;

CREATE TABLE customers.customers (
    customer_id         text PRIMARY KEY CHECK (customer_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    requests_per_second integer NOT NULL CHECK (requests_per_second > 0),
    is_of_stack         boolean NOT NULL DEFAULT false,
    suspended_at        timestamptz,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE customers.customers IS 'Who may call the API; the id is the customer_id of orders.';
COMMENT ON COLUMN customers.customers.is_of_stack IS 'Named by the stack''s configuration.';
COMMENT ON COLUMN customers.customers.suspended_at IS 'Since when its keys are refused; null: they are not.';

CREATE TABLE customers.keys (
    key_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id text NOT NULL REFERENCES customers.customers (customer_id) ON DELETE CASCADE,
    key_hash    bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    hint        text NOT NULL CHECK (length(hint) = 4),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz
);
CREATE INDEX keys_customer_id ON customers.keys (customer_id, created_at);
COMMENT ON TABLE customers.keys IS 'The SHA-256 of each API key; the key itself is shown once and kept nowhere.';
COMMENT ON COLUMN customers.keys.hint IS 'The key''s last four characters.';

CREATE TABLE customers.publication (
    is_the_only_row   boolean PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    changes           bigint NOT NULL DEFAULT 0,
    published_changes bigint NOT NULL DEFAULT -1,
    revision          bigint NOT NULL DEFAULT 0,
    etag              text,
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO customers.publication DEFAULT VALUES;
COMMENT ON TABLE customers.publication IS 'Which of the changes the gateways'' object in S3 has, and its ETag.';
COMMENT ON COLUMN customers.publication.revision IS
    'Of the object: milliseconds since 1970, so that one made after a restore is newer, too.';

GRANT USAGE ON SCHEMA customers TO operations;
GRANT SELECT, DELETE, INSERT (customer_id, requests_per_second, is_of_stack),
    UPDATE (requests_per_second, is_of_stack, suspended_at)
    ON customers.customers TO operations;
GRANT SELECT, INSERT (customer_id, key_hash, hint), UPDATE (revoked_at) ON customers.keys TO operations;
GRANT SELECT, UPDATE (changes, published_changes, revision, etag, changed_at) ON customers.publication TO operations;

RESET ROLE;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA customers AUTHORIZATION customers_owner")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP SCHEMA customers CASCADE")
