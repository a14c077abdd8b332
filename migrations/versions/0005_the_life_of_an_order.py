"""Payments, cancellations and what leads to them: the tables, columns and logins of an order's life after its invoice.

Revision: 0005, after 0004. The previous release runs on it: columns are nullable or have a constant default, rights are
added and none is taken away.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What is only new tables and columns holds a table's lock for an instant; the constraint is validated in 0006.
ORDERS = """
SET LOCAL ROLE orders_owner;

ALTER TABLE orders.orders
    ADD COLUMN reference text,
    ADD COLUMN updated_at timestamptz(3),
    ADD COLUMN invoice_version bigint NOT NULL DEFAULT 0;
ALTER TABLE orders.orders
    ADD CONSTRAINT orders_reference_check CHECK (length(reference) BETWEEN 1 AND 64) NOT VALID;
COMMENT ON COLUMN orders.orders.reference IS 'The customer''s own; not unique.';
COMMENT ON COLUMN orders.orders.updated_at IS 'Of the last change of status; null for none.';
COMMENT ON COLUMN orders.orders.invoice_version IS
    'Of the last event of the invoice that was heeded; older ones are not.';

CREATE TABLE orders.parked_messages (
    parked_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    fingerprint   bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    queue         text NOT NULL,
    properties    json NOT NULL,
    body          bytea NOT NULL,
    reason        text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_count    bigint NOT NULL DEFAULT 1 CHECK (seen_count > 0),
    replayed_at   timestamptz,
    dismissed_at  timestamptz
);
COMMENT ON TABLE orders.parked_messages IS 'As invoices.parked_messages, for the queues of this side.';

CREATE TABLE orders.delivery_attempts (
    fingerprint bytea PRIMARY KEY CHECK (length(fingerprint) = 32),
    environment uuid NOT NULL,
    deaths      integer NOT NULL DEFAULT 0 CHECK (deaths >= 0),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE orders.delivery_attempts IS 'As invoices.delivery_attempts, for the queues of this side.';

GRANT INSERT (reference) ON orders.orders TO create_order;

GRANT USAGE ON SCHEMA orders TO cancel_order, order_updater;
GRANT SELECT (order_id, customer_id, amount, currency, status, reference, created_at, updated_at),
    UPDATE (status, updated_at)
    ON orders.orders TO cancel_order;
GRANT SELECT (outbox_id), INSERT (outbox_id, exchange, routing_key, properties, body, due_at), DELETE
    ON orders.outbox TO cancel_order;
GRANT SELECT (customer_id, key, request_hash, order_id, response_body, expires_at),
    INSERT (customer_id, key, request_hash, order_id, response_body, expires_at),
    UPDATE (request_hash, order_id, response_body, created_at, expires_at)
    ON orders.idempotency_keys TO cancel_order;

GRANT SELECT (order_id, status, invoice_version, updated_at), UPDATE (status, invoice_version, updated_at)
    ON orders.orders TO order_updater;
GRANT SELECT (fingerprint, reason, seen_count), INSERT (fingerprint, queue, properties, body, reason),
    UPDATE (reason, seen_count, last_seen_at)
    ON orders.parked_messages TO order_updater;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders.delivery_attempts TO order_updater;

GRANT SELECT (status, reference, updated_at, invoice_version), UPDATE (customer_id, reference)
    ON orders.orders TO operations;
GRANT SELECT (customer_id, key, order_id), DELETE ON orders.idempotency_keys TO operations;
GRANT SELECT (parked_id, queue, properties, body, reason, first_seen_at, last_seen_at, seen_count, replayed_at,
    dismissed_at), UPDATE (replayed_at, dismissed_at), DELETE
    ON orders.parked_messages TO operations;

RESET ROLE;
"""

INVOICES = """
SET LOCAL ROLE invoices_owner;

ALTER TABLE invoices.invoices
    ADD COLUMN version bigint NOT NULL DEFAULT 0,
    ADD COLUMN updated_at timestamptz(3),
    ADD COLUMN traceparent text;
COMMENT ON COLUMN invoices.invoices.version IS 'Greater by one with each change of status; events carry it.';
COMMENT ON COLUMN invoices.invoices.updated_at IS 'Of the last change of status; null for none.';
COMMENT ON COLUMN invoices.invoices.traceparent IS 'Of the event that led to it: payments join the order''s trace.';

CREATE TABLE invoices.outbox (
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
CREATE INDEX outbox_due_at ON invoices.outbox (due_at, outbox_id);
COMMENT ON TABLE invoices.outbox IS 'As orders.outbox, for the events of invoices.';

CREATE TABLE invoices.payments (
    provider    text NOT NULL CHECK (provider <> ''),
    payment_id  text NOT NULL CHECK (length(payment_id) BETWEEN 1 AND 255),
    invoice_id  uuid NOT NULL REFERENCES invoices.invoices (invoice_id),
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    paid_at     timestamptz(3) NOT NULL,
    recorded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (provider, payment_id)
);
CREATE INDEX payments_invoice_id ON invoices.payments (invoice_id);
COMMENT ON TABLE invoices.payments IS 'What providers said was paid for an invoice, each once.';

CREATE TABLE invoices.refunds (
    provider    text NOT NULL,
    refund_id   text NOT NULL CHECK (length(refund_id) BETWEEN 1 AND 255),
    payment_id  text NOT NULL,
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    refunded_at timestamptz(3) NOT NULL,
    recorded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (provider, refund_id),
    FOREIGN KEY (provider, payment_id) REFERENCES invoices.payments (provider, payment_id)
);
CREATE INDEX refunds_payment ON invoices.refunds (provider, payment_id);
COMMENT ON TABLE invoices.refunds IS 'What was given back of a payment, each once; in the payment''s currency.';

CREATE TABLE invoices.unmatched_payments (
    unmatched_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    fingerprint   bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    provider      text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('payment', 'refund')),
    payment_id    text NOT NULL,
    refund_id     text CHECK ((refund_id IS NOT NULL) = (kind = 'refund')),
    invoice       text,
    amount        bigint NOT NULL,
    currency      text NOT NULL,
    occurred_at   timestamptz(3) NOT NULL,
    reason        text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_count    bigint NOT NULL DEFAULT 1 CHECK (seen_count > 0),
    matched_at    timestamptz,
    dismissed_at  timestamptz
);
CREATE INDEX unmatched_payments_payment ON invoices.unmatched_payments (provider, payment_id);
COMMENT ON TABLE invoices.unmatched_payments IS
    'Signed payments and refunds that fit no invoice or payment, with the reason.';
COMMENT ON COLUMN invoices.unmatched_payments.invoice IS 'The id or number that it named.';
COMMENT ON COLUMN invoices.unmatched_payments.matched_at IS
    'It fitted when it, or the payment that it names, came later.';

CREATE TABLE invoices.webhook_deliveries (
    provider    text NOT NULL,
    delivery_id text NOT NULL CHECK (length(delivery_id) BETWEEN 1 AND 255),
    is_matched  boolean NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (provider, delivery_id)
);
CREATE INDEX webhook_deliveries_expires_at ON invoices.webhook_deliveries (expires_at);
COMMENT ON TABLE invoices.webhook_deliveries IS
    'Webhooks that were answered; one that matched is not looked at again.';

CREATE TABLE invoices.canceled_orders (
    order_id    uuid PRIMARY KEY,
    canceled_at timestamptz(3) NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE invoices.canceled_orders IS
    'Also of orders whose OrderCreated has not come: their invoice is born canceled.';

CREATE TABLE invoices.credit_note_counter (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    last_number bigint NOT NULL CHECK (last_number >= 0)
);
INSERT INTO invoices.credit_note_counter (last_number) VALUES (0);
COMMENT ON TABLE invoices.credit_note_counter IS 'As invoices.invoice_counter, for credit notes.';

CREATE TABLE invoices.credit_notes (
    credit_note_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number         bigint NOT NULL UNIQUE CHECK (number > 0),
    invoice_id     uuid NOT NULL UNIQUE REFERENCES invoices.invoices (invoice_id),
    amount         bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    issued_at      timestamptz(3) NOT NULL
);
COMMENT ON TABLE invoices.credit_notes IS 'One for each canceled invoice; numbers without a gap.';

GRANT SELECT ON invoices.payments, invoices.refunds, invoices.credit_notes TO get_order;

GRANT USAGE ON SCHEMA invoices TO cancel_order, record_payment, invoices_relay;
GRANT SELECT (invoice_id, number, order_id, status, amount, currency, issued_at, due_at)
    ON invoices.invoices TO cancel_order;
GRANT SELECT ON invoices.payments, invoices.refunds, invoices.credit_notes TO cancel_order;

GRANT SELECT (invoice_id, number, order_id, customer_id, amount, currency, status, version, traceparent),
    UPDATE (status, version, updated_at)
    ON invoices.invoices TO record_payment;
GRANT SELECT, INSERT (provider, payment_id, invoice_id, amount, currency, paid_at)
    ON invoices.payments TO record_payment;
GRANT SELECT, INSERT (provider, refund_id, payment_id, amount, refunded_at) ON invoices.refunds TO record_payment;
GRANT SELECT,
    INSERT (fingerprint, provider, kind, payment_id, refund_id, invoice, amount, currency, occurred_at, reason),
    UPDATE (reason, last_seen_at, seen_count, matched_at)
    ON invoices.unmatched_payments TO record_payment;
GRANT SELECT, INSERT (provider, delivery_id, is_matched, expires_at), UPDATE (is_matched, expires_at)
    ON invoices.webhook_deliveries TO record_payment;
GRANT SELECT (outbox_id), INSERT (outbox_id, exchange, routing_key, properties, body, due_at), DELETE
    ON invoices.outbox TO record_payment;

GRANT SELECT (invoice_id, number, amount, currency, status, version), INSERT (traceparent),
    UPDATE (status, version, updated_at)
    ON invoices.invoices TO invoice_consumer;
GRANT SELECT (order_id, canceled_at), INSERT (order_id, canceled_at) ON invoices.canceled_orders TO invoice_consumer;
GRANT SELECT (last_number), UPDATE (last_number) ON invoices.credit_note_counter TO invoice_consumer;
GRANT SELECT (invoice_id), INSERT (number, invoice_id, amount, currency, issued_at)
    ON invoices.credit_notes TO invoice_consumer;

GRANT SELECT (outbox_id, exchange, routing_key, properties, body, due_at, attempts, last_error),
    UPDATE (attempts, last_error, due_at), DELETE
    ON invoices.outbox TO invoices_relay;
GRANT SELECT (provider, delivery_id, expires_at), UPDATE (expires_at), DELETE
    ON invoices.webhook_deliveries TO invoices_relay;

GRANT SELECT (invoice_id, status, version, issued_at, updated_at), UPDATE (customer_id)
    ON invoices.invoices TO operations;
GRANT SELECT ON invoices.payments, invoices.refunds, invoices.credit_notes, invoices.canceled_orders TO operations;
GRANT SELECT (last_number) ON invoices.credit_note_counter TO operations;
GRANT SELECT, UPDATE (dismissed_at), DELETE ON invoices.unmatched_payments TO operations;
GRANT SELECT (outbox_id, exchange, routing_key, properties, body, created_at, due_at, attempts, last_error),
    INSERT (outbox_id, exchange, routing_key, properties, body, due_at), UPDATE (due_at), DELETE
    ON invoices.outbox TO operations;
GRANT DELETE ON invoices.parked_messages TO operations;

RESET ROLE;
"""

NARROWED_ORDERS = """
SET LOCAL ROLE orders_owner;
REVOKE UPDATE (customer_id, reference) ON orders.orders FROM operations;
REVOKE ALL ON orders.idempotency_keys FROM operations;
REVOKE ALL ON orders.orders, orders.outbox, orders.idempotency_keys FROM cancel_order, order_updater;
REVOKE USAGE ON SCHEMA orders FROM cancel_order, order_updater;
REVOKE SELECT (status) ON orders.orders FROM operations;
DROP TABLE orders.delivery_attempts, orders.parked_messages;
ALTER TABLE orders.orders DROP COLUMN reference, DROP COLUMN updated_at, DROP COLUMN invoice_version;
RESET ROLE;
"""

NARROWED_INVOICES = """
SET LOCAL ROLE invoices_owner;
REVOKE DELETE ON invoices.parked_messages FROM operations;
DROP TABLE invoices.credit_notes, invoices.credit_note_counter, invoices.canceled_orders, invoices.webhook_deliveries,
    invoices.unmatched_payments, invoices.refunds, invoices.payments, invoices.outbox;
REVOKE ALL ON invoices.invoices FROM cancel_order, record_payment;
REVOKE USAGE ON SCHEMA invoices FROM cancel_order, record_payment, invoices_relay;
REVOKE SELECT (invoice_id, number, amount, currency, status), UPDATE (status)
    ON invoices.invoices FROM invoice_consumer;
REVOKE SELECT (invoice_id, status, issued_at), UPDATE (customer_id) ON invoices.invoices FROM operations;
ALTER TABLE invoices.invoices DROP COLUMN version, DROP COLUMN updated_at, DROP COLUMN traceparent;
RESET ROLE;
"""


def upgrade() -> None:
    op.execute(ORDERS)
    op.execute(INVOICES)


def downgrade() -> None:
    op.execute(NARROWED_ORDERS)
    op.execute(NARROWED_INVOICES)
