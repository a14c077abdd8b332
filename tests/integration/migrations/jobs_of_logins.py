"""Statements of each login's job, of the shape that its function uses; they run in this order and are rolled back."""

from __future__ import annotations

ID = "'0198f8a0-0000-7000-8000-000000000001'"
ORDER = (
    "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
    f" VALUES ({ID}, 'c', 1, 'BRL', now())"
)
QUEUE, QUEUE_INVOICES = (
    f"INSERT INTO {schema}.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
    f" VALUES ({ID}, 'e', 'k', '{{}}', 'b', now()) ON CONFLICT (outbox_id) DO NOTHING RETURNING outbox_id"
    for schema in ("orders", "invoices")
)
CLAIM = (
    "INSERT INTO orders.idempotency_keys AS k (customer_id, key, request_hash, order_id, response_body, expires_at)"
    " SELECT 'c', 'k', sha256('x'), order_id, '', now() + interval '1 h' FROM orders.orders LIMIT 1"
    " ON CONFLICT (customer_id, key) DO UPDATE"
    " SET request_hash = excluded.request_hash, created_at = now() WHERE k.expires_at < now() RETURNING k.order_id"
)
PARK, PARK_ORDERS = (
    f"INSERT INTO {schema}.parked_messages AS p (fingerprint, queue, properties, body, reason)"
    " VALUES (sha256('x'), 'q', '{}', 'b', 'r') ON CONFLICT (fingerprint) DO UPDATE"
    " SET seen_count = p.seen_count + 1, last_seen_at = clock_timestamp(), reason = excluded.reason"
    for schema in ("invoices", "orders")
)
ATTEMPT, ATTEMPT_ORDERS = (
    [
        f"INSERT INTO {schema}.delivery_attempts (fingerprint, environment) VALUES (sha256('x'), gen_random_uuid())",
        f"UPDATE {schema}.delivery_attempts SET deaths = deaths + 1 WHERE environment IS NOT NULL",
        f"DELETE FROM {schema}.delivery_attempts WHERE fingerprint = sha256('x')",
    ]
    for schema in ("invoices", "orders")
)
RELAY, RELAY_INVOICES = (
    [
        "SELECT outbox_id, exchange, routing_key, properties::text, body"
        f" FROM {schema}.outbox WHERE due_at < now() AND last_error IS NULL ORDER BY due_at FOR UPDATE SKIP LOCKED",
        f"UPDATE {schema}.outbox SET attempts = attempts + 1, last_error = 'e', due_at = now()",
        f"DELETE FROM {schema}.outbox WHERE outbox_id IS NOT NULL",
    ]
    for schema in ("orders", "invoices")
)

JOB = {
    "create_order": [
        f"{ORDER} ON CONFLICT (order_id) DO NOTHING",
        "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at, reference)"
        " VALUES (gen_random_uuid(), 'c', 1, 'BRL', now(), 'r')",
        QUEUE,
        f"DELETE FROM orders.outbox WHERE outbox_id = {ID}",
        CLAIM,
        "SELECT order_id, request_hash, response_body FROM orders.idempotency_keys WHERE key = 'k'",
    ],
    "cancel_order": [
        "UPDATE orders.orders SET status = 'canceled', updated_at = now() WHERE order_id IS NOT NULL"
        " AND customer_id = 'c' AND status = 'pending' RETURNING order_id, amount, currency, reference, created_at",
        QUEUE,
        f"DELETE FROM orders.outbox WHERE outbox_id = {ID}",
        CLAIM,
        "SELECT order_id, request_hash, response_body FROM orders.idempotency_keys WHERE key = 'k'",
        "SELECT i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at, p.*, r.*, c.*"
        " FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id"
        " LEFT JOIN invoices.payments p ON p.invoice_id = i.invoice_id"
        " LEFT JOIN invoices.refunds r ON r.provider = p.provider AND r.payment_id = p.payment_id"
        " LEFT JOIN invoices.credit_notes c ON c.invoice_id = i.invoice_id",
    ],
    "get_order": [
        "SELECT * FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id"
        " LEFT JOIN invoices.payments p ON p.invoice_id = i.invoice_id"
        " LEFT JOIN invoices.refunds r ON r.provider = p.provider AND r.payment_id = p.payment_id"
        " LEFT JOIN invoices.credit_notes c ON c.invoice_id = i.invoice_id",
    ],
    "invoice_consumer": [
        "SELECT last_number FROM invoices.invoice_counter FOR UPDATE",
        "INSERT INTO invoices.canceled_orders (order_id, canceled_at)"
        f" VALUES ({ID}, now()) ON CONFLICT (order_id) DO NOTHING",
        "INSERT INTO invoices.invoices (number, invoice_id, order_id, customer_id, amount, currency, issued_at, due_at,"
        f" traceparent) SELECT 1, {ID}, {ID}, 'c', 1, 'BRL', now(), now(), 't' WHERE NOT EXISTS"
        f" (SELECT FROM invoices.invoices WHERE order_id = {ID}) RETURNING 1",
        "UPDATE invoices.invoice_counter SET last_number = last_number + 1",
        "SELECT last_number FROM invoices.credit_note_counter FOR UPDATE",
        "WITH canceled AS (UPDATE invoices.invoices i SET status = 'canceled', version = version + 1,"
        " updated_at = now() FROM invoices.canceled_orders c WHERE c.order_id = i.order_id AND i.status <> 'canceled'"
        " RETURNING i.invoice_id, i.amount, i.currency)"
        " INSERT INTO invoices.credit_notes (number, invoice_id, amount, currency, issued_at)"
        " SELECT 1, invoice_id, amount, currency, now() FROM canceled RETURNING invoice_id",
        "UPDATE invoices.credit_note_counter SET last_number = last_number + 1",
        PARK,
        PARK,
        *ATTEMPT,
    ],
    "order_updater": [
        "UPDATE orders.orders SET status = 'paid', invoice_version = 1, updated_at = now()"
        f" WHERE order_id = {ID} AND invoice_version < 1 AND status <> 'canceled' RETURNING order_id",
        PARK_ORDERS,
        PARK_ORDERS,
        *ATTEMPT_ORDERS,
    ],
    "record_payment": [
        "INSERT INTO invoices.webhook_deliveries (provider, delivery_id, is_matched, expires_at) VALUES"
        " ('p', 'd', false, now() + interval '1 d') ON CONFLICT (provider, delivery_id) DO NOTHING"
        " RETURNING is_matched",
        "SELECT is_matched FROM invoices.webhook_deliveries FOR UPDATE",
        "SELECT invoice_id, number, order_id, customer_id, amount, currency, status, version, traceparent"
        " FROM invoices.invoices FOR UPDATE",
        "INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at)"
        " SELECT 'p', '1', invoice_id, amount, currency, now() FROM invoices.invoices"
        " ON CONFLICT (provider, payment_id) DO NOTHING RETURNING payment_id",
        "INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at)"
        " SELECT provider, '1', payment_id, amount, now() FROM invoices.payments"
        " ON CONFLICT (provider, refund_id) DO NOTHING RETURNING refund_id",
        "INSERT INTO invoices.unmatched_payments AS u (fingerprint, provider, kind, payment_id, refund_id, invoice,"
        " amount, currency, occurred_at, reason)"
        " VALUES (sha256('x'), 'p', 'refund', '1', '1', 'i', 1, 'BRL', now(), 'r') ON CONFLICT (fingerprint) DO UPDATE"
        " SET reason = excluded.reason, last_seen_at = clock_timestamp(), seen_count = u.seen_count + 1",
        "UPDATE invoices.unmatched_payments SET matched_at = now() WHERE provider = 'p' AND payment_id = '1'",
        "UPDATE invoices.invoices SET status = 'paid', version = version + 1, updated_at = now() RETURNING version",
        QUEUE_INVOICES,
        "UPDATE invoices.webhook_deliveries SET is_matched = true, expires_at = now() + interval '1 d'",
        f"DELETE FROM invoices.outbox WHERE outbox_id = {ID}",
    ],
    "outbox_relay": [
        *RELAY,
        "DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (SELECT customer_id, key FROM"
        " orders.idempotency_keys WHERE expires_at < now() ORDER BY expires_at FOR UPDATE SKIP LOCKED)",
    ],
    "invoices_relay": [
        *RELAY_INVOICES,
        "DELETE FROM invoices.webhook_deliveries WHERE (provider, delivery_id) IN (SELECT provider, delivery_id FROM"
        " invoices.webhook_deliveries WHERE expires_at < now() ORDER BY expires_at FOR UPDATE SKIP LOCKED)",
    ],
    "operations": [
        QUEUE,
        QUEUE_INVOICES,
        *(
            statement.format(schema=schema)
            for schema in ("orders", "invoices")
            for statement in (
                "SELECT parked_id, properties::text, body FROM {schema}.parked_messages FOR UPDATE",
                "UPDATE {schema}.parked_messages SET replayed_at = now(), dismissed_at = now()",
                "DELETE FROM {schema}.parked_messages WHERE last_seen_at < now()",
                "SELECT outbox_id, created_at, due_at, attempts, last_error, properties, body FROM {schema}.outbox",
                "UPDATE {schema}.outbox SET due_at = now() RETURNING due_at",
                "DELETE FROM {schema}.outbox WHERE outbox_id IS NOT NULL"
                " RETURNING exchange, routing_key, properties, body",
            )
        ),
        "SELECT order_id, customer_id, amount, currency, created_at, status, updated_at, invoice_version"
        " FROM orders.orders",
        "SELECT invoice_id, order_id, number, customer_id, amount, currency, status, version, issued_at, updated_at"
        " FROM invoices.invoices",
        "SELECT i.last_number, c.last_number FROM invoices.invoice_counter i, invoices.credit_note_counter c",
        "SELECT * FROM invoices.payments p JOIN invoices.refunds r ON r.payment_id = p.payment_id"
        " JOIN invoices.credit_notes c ON c.invoice_id = p.invoice_id, invoices.canceled_orders",
        "UPDATE invoices.unmatched_payments SET dismissed_at = now() RETURNING *",
        "DELETE FROM invoices.unmatched_payments WHERE last_seen_at < now()",
        "UPDATE orders.orders SET customer_id = 'e', reference = NULL WHERE customer_id = 'c'",
        "UPDATE invoices.invoices SET customer_id = 'e' WHERE customer_id = 'c'",
        "DELETE FROM orders.idempotency_keys WHERE customer_id = 'c' AND order_id IS NOT NULL",
        "SELECT * FROM audit.progress FOR UPDATE",
        "UPDATE audit.progress SET order_id = swept_order_id, invoice_number = 1, credit_note_number = 1,"
        " changed_at = now(), swept_invoice_number = 1, found_order_id = order_id",
        f"INSERT INTO audit.open_findings (name, order_id) VALUES ('n', {ID}) ON CONFLICT DO NOTHING",
        "INSERT INTO audit.missing_numbers (series, number) VALUES ('s', 1) ON CONFLICT DO NOTHING",
        "DELETE FROM audit.open_findings WHERE name = 'n' AND found_at IS NOT NULL",
        "DELETE FROM audit.missing_numbers WHERE series = 's'",
        "INSERT INTO customers.customers (customer_id, requests_per_second, is_of_stack) VALUES ('c', 1, true)",
        "SELECT FROM customers.customers WHERE customer_id = 'c' FOR UPDATE",
        "INSERT INTO customers.keys (customer_id, key_hash, hint) VALUES ('c', decode(repeat('00', 32), 'hex'), 'hint')"
        " RETURNING key_id",
        "UPDATE customers.keys SET revoked_at = now() RETURNING customer_id",
        "UPDATE customers.customers SET suspended_at = now(), requests_per_second = 2",
        "UPDATE customers.publication SET changes = changes + 1, changed_at = now()",
        "DELETE FROM customers.customers",
    ],
}
