-- BEGIN_BATCH
WITH due AS (
    SELECT outbox_id, due_at, octet_length(body) + octet_length(properties::text) AS bytes FROM orders.outbox
    WHERE due_at <= statement_timestamp() AND (attempts > 0) = %(failed_before)s
      AND (last_error IS NULL OR last_error <> ALL (%(notes)s::text[]))
    ORDER BY due_at, outbox_id LIMIT %(rows)s FOR UPDATE SKIP LOCKED
), measured AS (
    SELECT outbox_id, sum(bytes) OVER (ORDER BY due_at, outbox_id) - bytes AS bytes_before FROM due
)
UPDATE orders.outbox SET last_error = %(note)s FROM measured
WHERE outbox.outbox_id = measured.outbox_id AND bytes_before < %(bytes)s RETURNING outbox.outbox_id;

-- LOCK
SELECT outbox_id, exchange, routing_key, body,
       CASE WHEN octet_length(properties::text) <= %(properties_bytes)s THEN properties::text END
FROM orders.outbox WHERE outbox_id = ANY(%(outbox_ids)s) ORDER BY due_at, outbox_id FOR UPDATE SKIP LOCKED;

-- SELECT_SUSPECTS
SELECT outbox_id FROM orders.outbox WHERE due_at <= statement_timestamp() AND last_error = ANY(%(notes)s)
ORDER BY attempts, due_at, outbox_id LIMIT %(rows)s;

-- FORGET_BATCH
UPDATE orders.outbox SET last_error = CASE WHEN attempts > 0 THEN %s END
WHERE outbox_id = ANY(%s) AND last_error = %s;

-- POSTPONE
UPDATE orders.outbox SET attempts = attempts + 1, last_error = failed.reason, due_at = clock_timestamp() + least(25, power(2, least(attempts + 1, 10))) * interval '1 second'
FROM unnest(%s::uuid[], %s::text[]) AS failed (id, reason) WHERE outbox_id = failed.id;

-- EXPLAIN
UPDATE orders.outbox SET last_error = %s, due_at = clock_timestamp() + least(25, power(2, least(attempts, 10))) * interval '1 second' WHERE outbox_id = %s;

-- TAKE_BACK
UPDATE orders.outbox SET attempts = attempts - 1, last_error = CASE WHEN attempts > 1 THEN %s END,
    due_at = clock_timestamp()
WHERE outbox_id = ANY(%s) AND attempts > 0;

-- DELETE_PUBLISHED
DELETE FROM orders.outbox WHERE outbox_id = ANY(%s);

-- PURGE_EXPIRED_KEYS
DELETE FROM orders.idempotency_keys WHERE (customer_id, key) IN (
    SELECT customer_id, key FROM orders.idempotency_keys
    WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
);
