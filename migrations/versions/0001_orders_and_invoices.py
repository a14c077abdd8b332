"""Orders with their outbox and idempotency keys; invoices with their counter and parked messages.

Revision: 0001, the first.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ORDERS = """
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.orders (
    order_id    uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (customer_id <> '' AND length(customer_id) <= 255),
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid', 'canceled')),
    created_at  timestamptz(3) NOT NULL
);
COMMENT ON TABLE orders.orders IS 'What customers ordered; amount in minor units of the currency.';

CREATE TABLE orders.outbox (
    outbox_id   uuid PRIMARY KEY,
    exchange    text NOT NULL,
    routing_key text NOT NULL,
    properties  json NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at      timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error  text
);
CREATE INDEX outbox_due_at ON orders.outbox (due_at, outbox_id);
COMMENT ON TABLE orders.outbox IS 'Events not yet confirmed by the broker; a published row is deleted.';
COMMENT ON COLUMN orders.outbox.properties IS 'AMQP properties by their AMQP names; json, since jsonb refuses \\u0000.';
COMMENT ON COLUMN orders.outbox.due_at IS 'From when on the relay may publish: the function that wrote it is over.';

CREATE TABLE orders.idempotency_keys (
    customer_id   text NOT NULL,
    key           text NOT NULL CHECK (key <> '' AND length(key) <= 255),
    request_hash  bytea NOT NULL CHECK (length(request_hash) = 32),
    order_id      uuid NOT NULL REFERENCES orders.orders (order_id),
    response_body text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL CHECK (expires_at > created_at),
    PRIMARY KEY (customer_id, key)
);
CREATE INDEX idempotency_keys_expires_at ON orders.idempotency_keys (expires_at);
COMMENT ON TABLE orders.idempotency_keys IS 'The answer that a repeated Idempotency-Key of one customer gets again.';

GRANT USAGE ON SCHEMA orders TO create_order, get_order, outbox_relay;
GRANT SELECT, INSERT ON orders.orders TO create_order;
GRANT SELECT (outbox_id), INSERT, DELETE ON orders.outbox TO create_order;
GRANT SELECT, INSERT, UPDATE ON orders.idempotency_keys TO create_order;
GRANT SELECT ON orders.orders TO get_order;
GRANT SELECT, UPDATE, DELETE ON orders.outbox TO outbox_relay;
GRANT SELECT, UPDATE, DELETE ON orders.idempotency_keys TO outbox_relay;

RESET ROLE;
"""

INVOICES = """
SET LOCAL ROLE invoices_owner;

CREATE TABLE invoices.invoices (
    invoice_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number      bigint NOT NULL UNIQUE CHECK (number > 0),
    order_id    uuid NOT NULL UNIQUE,
    customer_id text NOT NULL CHECK (customer_id <> '' AND length(customer_id) <= 255),
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status      text NOT NULL DEFAULT 'issued' CHECK (status IN ('issued', 'paid', 'canceled')),
    issued_at   timestamptz(3) NOT NULL,
    due_at      timestamptz(3) NOT NULL CHECK (due_at >= issued_at)
);
COMMENT ON TABLE invoices.invoices IS 'One invoice for each order; numbers without a gap.';

CREATE TABLE invoices.invoice_counter (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    last_number bigint NOT NULL CHECK (last_number >= 0)
);
INSERT INTO invoices.invoice_counter (last_number) VALUES (0);
COMMENT ON TABLE invoices.invoice_counter IS 'One row; its lock is what keeps numbers gapless (a sequence burns them).';

CREATE TABLE invoices.parked_messages (
    parked_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    fingerprint   bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    queue         text NOT NULL,
    properties    json NOT NULL,
    body          bytea NOT NULL,
    reason        text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_count    bigint NOT NULL DEFAULT 1 CHECK (seen_count > 0),
    replayed_at   timestamptz
);
COMMENT ON TABLE invoices.parked_messages IS 'Messages that could not be processed, as they came, with the reason.';
COMMENT ON COLUMN invoices.parked_messages.properties IS 'basicProperties of the Lambda event.';

CREATE TABLE invoices.delivery_attempts (
    fingerprint bytea PRIMARY KEY CHECK (length(fingerprint) = 32),
    environment uuid NOT NULL,
    deaths      integer NOT NULL DEFAULT 0 CHECK (deaths >= 0),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE invoices.delivery_attempts IS
    'Redelivered messages being decoded; a death is an execution environment that began one and never came back.';

GRANT USAGE ON SCHEMA invoices TO get_order, invoice_consumer;
GRANT SELECT ON invoices.invoices TO get_order;
GRANT SELECT, INSERT ON invoices.invoices TO invoice_consumer;
GRANT SELECT, UPDATE ON invoices.invoice_counter TO invoice_consumer;
GRANT SELECT, INSERT, UPDATE ON invoices.parked_messages TO invoice_consumer;
GRANT SELECT, INSERT, UPDATE, DELETE ON invoices.delivery_attempts TO invoice_consumer;

RESET ROLE;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA orders AUTHORIZATION orders_owner")
    op.execute("CREATE SCHEMA invoices AUTHORIZATION invoices_owner")
    op.execute(ORDERS)
    op.execute(INVOICES)


def downgrade() -> None:
    op.execute("DROP SCHEMA invoices CASCADE")
    op.execute("DROP SCHEMA orders CASCADE")
