-- LOCK_COUNTER
SELECT last_number FROM invoices.invoice_counter FOR UPDATE;

-- INSERT_INVOICES
WITH incoming AS (
    SELECT DISTINCT ON (order_id) order_id, customer_id, amount, currency, position
    FROM unnest(%(order_ids)s::uuid[], %(customer_ids)s::text[], %(amounts)s::bigint[], %(currencies)s::text[])
         WITH ORDINALITY AS event (order_id, customer_id, amount, currency, position)
    ORDER BY order_id, position
), fresh AS (
    SELECT *, row_number() OVER (ORDER BY position) AS ordinal FROM incoming
    WHERE NOT EXISTS (SELECT FROM invoices.invoices existing WHERE existing.order_id = incoming.order_id)
), issued AS (
    INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)
    SELECT (SELECT last_number FROM invoices.invoice_counter) + ordinal, order_id, customer_id, amount, currency,
           statement_timestamp(), statement_timestamp() + %(due_days)s * interval '1 day'
    FROM fresh
    RETURNING 1
)
UPDATE invoices.invoice_counter SET last_number = last_number + (SELECT count(*) FROM issued)
RETURNING (SELECT count(*) FROM issued);

-- PARK
INSERT INTO invoices.parked_messages AS parked (fingerprint, queue, properties, body, reason)
SELECT DISTINCT ON (fingerprint) * FROM
    unnest(%s::bytea[], %s::text[], %s::json[], %s::bytea[], %s::text[])
    AS message (fingerprint, queue, properties, body, reason)
ON CONFLICT (fingerprint) DO UPDATE
SET seen_count = parked.seen_count + 1, last_seen_at = clock_timestamp(), reason = excluded.reason;

-- BEGIN_ATTEMPTS
INSERT INTO invoices.delivery_attempts AS attempt (fingerprint, environment)
SELECT DISTINCT unnest(%(fingerprints)s::bytea[]), %(environment)s::uuid
ON CONFLICT (fingerprint) DO UPDATE
SET deaths = attempt.deaths
    + (attempt.environment <> %(environment)s::uuid AND attempt.environment <> %(decoded)s::uuid)::int, environment = excluded.environment, started_at = clock_timestamp()
RETURNING fingerprint, deaths;

-- SELECT_ATTEMPTS
SELECT fingerprint, attempt.deaths
    + (attempt.environment <> %(environment)s::uuid AND attempt.environment <> %(decoded)s::uuid)::int, attempt.environment = %(decoded)s::uuid
FROM invoices.delivery_attempts attempt WHERE fingerprint = ANY(%(fingerprints)s::bytea[]);

-- MARK_DECODED
UPDATE invoices.delivery_attempts SET environment = %(decoded)s::uuid, deaths = 0
WHERE fingerprint = ANY(%(fingerprints)s::bytea[]);

-- END_ATTEMPTS
DELETE FROM invoices.delivery_attempts WHERE fingerprint = ANY(%s::bytea[]);
