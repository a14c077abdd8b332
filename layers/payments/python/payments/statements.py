"""What is said to Postgres to record a payment or a refund."""

# Providers repeat for days what was not answered; after this, the payment's own id still makes it the same.
DELIVERIES_KEPT_DAYS = 30

# An update that changes nothing waits for a delivery under way as an insert does, and returns what it left.
CLAIM_DELIVERY = """
INSERT INTO invoices.webhook_deliveries AS known (provider, delivery_id, is_matched, expires_at)
VALUES (%(provider)s, %(delivery_id)s, false, clock_timestamp() + %(kept_days)s * interval '1 day')
ON CONFLICT (provider, delivery_id) DO UPDATE SET is_matched = known.is_matched
RETURNING is_matched
"""

MATCH_DELIVERY = """
UPDATE invoices.webhook_deliveries SET is_matched = true
WHERE provider = %(provider)s AND delivery_id = %(delivery_id)s
"""

# A payment and a refund of it may come at once: the later one sees what the earlier one left. Of a transaction, so that
# RDS Proxy pins nothing.
LOCK_PAYMENT_ID = "SELECT pg_advisory_xact_lock(hashtextextended(%(provider)s || '/' || %(payment_id)s, 0))"

FIND_BY_NUMBER = "SELECT invoice_id FROM invoices.invoices WHERE number = %s"

FIND_BY_ID = "SELECT invoice_id FROM invoices.invoices WHERE invoice_id = %s"

LOCK_INVOICE = """
SELECT invoice_id, number, order_id, customer_id, amount, currency, status, version, traceparent
FROM invoices.invoices WHERE invoice_id = %s FOR NO KEY UPDATE
"""

SELECT_PAYMENT = """
SELECT invoice_id, amount, currency FROM invoices.payments
WHERE provider = %(provider)s AND payment_id = %(payment_id)s
"""

INSERT_PAYMENT = """
INSERT INTO invoices.payments (provider, payment_id, invoice_id, amount, currency, paid_at)
VALUES (%(provider)s, %(payment_id)s, %(invoice_id)s, %(amount)s, %(currency)s, %(occurred_at)s)
ON CONFLICT (provider, payment_id) DO NOTHING
"""

SELECT_REFUND = """
SELECT payment_id, amount FROM invoices.refunds WHERE provider = %(provider)s AND refund_id = %(refund_id)s
"""

SUM_REFUNDS = """
SELECT coalesce(sum(amount), 0) FROM invoices.refunds
WHERE provider = %(provider)s AND payment_id = %(payment_id)s
"""

INSERT_REFUND = """
INSERT INTO invoices.refunds (provider, refund_id, payment_id, amount, refunded_at)
VALUES (%(provider)s, %(refund_id)s, %(payment_id)s, %(amount)s, %(occurred_at)s)
ON CONFLICT (provider, refund_id) DO NOTHING
"""

SUM_BALANCE = """
SELECT coalesce(sum(p.amount - coalesce(refunded.amount, 0)), 0)
FROM invoices.payments p
LEFT JOIN LATERAL (
    SELECT sum(r.amount) AS amount FROM invoices.refunds r
    WHERE r.provider = p.provider AND r.payment_id = p.payment_id
) AS refunded ON true
WHERE p.invoice_id = %(invoice_id)s
"""

CHANGE_INVOICE = """
UPDATE invoices.invoices SET status = %(status)s, version = version + 1, updated_at = clock_timestamp()
WHERE invoice_id = %(invoice_id)s
"""

KEEP_UNMATCHED = """
INSERT INTO invoices.unmatched_payments AS kept
    (fingerprint, provider, kind, payment_id, refund_id, invoice, amount, currency, occurred_at, reason)
VALUES (%(fingerprint)s, %(provider)s, %(kind)s, %(payment_id)s, %(refund_id)s, %(invoice)s, %(amount)s, %(currency)s,
        %(occurred_at)s, %(reason)s)
ON CONFLICT (fingerprint) DO UPDATE
SET seen_count = kept.seen_count + 1, last_seen_at = clock_timestamp(), reason = excluded.reason
"""

SELECT_EARLY_REFUNDS = """
SELECT fingerprint, refund_id, amount, currency, occurred_at FROM invoices.unmatched_payments
WHERE provider = %(provider)s AND payment_id = %(payment_id)s AND kind = 'refund' AND matched_at IS NULL
ORDER BY first_seen_at
"""

EXPLAIN_UNMATCHED = "UPDATE invoices.unmatched_payments SET reason = %s WHERE fingerprint = %s"

# By hand: what is to be matched, then whether it still is, under the lock of its payment's id.
SELECT_UNMATCHED = """
SELECT fingerprint, provider, payment_id, refund_id, invoice, amount, currency, occurred_at, matched_at
FROM invoices.unmatched_payments WHERE unmatched_id = %s
"""

NOTE_MATCHED = """
UPDATE invoices.unmatched_payments SET matched_at = clock_timestamp()
WHERE fingerprint = ANY(%(fingerprints)s) AND matched_at IS NULL
"""

INSERT_EVENT = """
INSERT INTO invoices.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
VALUES (%(outbox_id)s, %(exchange)s, %(routing_key)s, %(properties)s, %(body)s,
        clock_timestamp() + %(due_in_s)s * interval '1 second')
"""

# A function, so that it need not wait for the disk: migration 0014.
DELETE_PUBLISHED = "SELECT invoices.delete_published(%s)"
