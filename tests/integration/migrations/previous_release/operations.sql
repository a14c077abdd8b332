-- SELECT_PARKED
WITH last AS (SELECT last_seen_at FROM invoices.parked_messages WHERE parked_id = %(after)s::uuid)
SELECT parked_id,
       CASE WHEN coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true) THEN 'waiting'
            WHEN replayed_at IS NULL OR dismissed_at > replayed_at THEN 'dismissed'
            ELSE 'replayed' END,
       left(reason, 4096), left(queue, 4096),
       CASE WHEN octet_length(properties::text) <= 65536 THEN properties::text END,
       first_seen_at, last_seen_at, seen_count, replayed_at, dismissed_at,
       length(body), substring(body FOR 1024)
FROM invoices.parked_messages
WHERE (%(parked_id)s::uuid IS NULL OR parked_id = %(parked_id)s::uuid)
  AND (%(after)s::uuid IS NULL OR last_seen_at <= (SELECT last_seen_at FROM last)
       AND (last_seen_at < (SELECT last_seen_at FROM last) OR parked_id > %(after)s::uuid))
ORDER BY last_seen_at DESC, parked_id LIMIT %(limit)s;

-- COUNT_PARKED
SELECT count(*), count(*) FILTER (WHERE coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true)) FROM invoices.parked_messages;

-- LOCK_PARKED
SELECT parked_id, properties::text FROM invoices.parked_messages WHERE parked_id = %s FOR UPDATE;

-- LOCK_WAITING
WITH waiting AS (
    SELECT parked_id, properties, octet_length(properties::text) AS bytes FROM invoices.parked_messages
    WHERE parked_id > %(after)s AND coalesce(last_seen_at > greatest(replayed_at, dismissed_at), true) ORDER BY parked_id LIMIT %(limit)s FOR UPDATE
), measured AS (
    SELECT parked_id, properties, sum(bytes) OVER (ORDER BY parked_id) - bytes AS bytes_before FROM waiting
)
SELECT parked_id, properties::text FROM measured WHERE bytes_before < %(bytes)s ORDER BY parked_id;

-- QUEUE
WITH message AS (
    SELECT parked_id, properties FROM unnest(%(parked_ids)s::uuid[], %(properties)s::json[])
        AS given (parked_id, properties)
), queued AS (
    INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
    SELECT parked.parked_id, %(exchange)s, %(routing_key)s, message.properties, parked.body, clock_timestamp()
    FROM message JOIN invoices.parked_messages parked ON parked.parked_id = message.parked_id
    ON CONFLICT (outbox_id) DO NOTHING
    RETURNING outbox_id
)
UPDATE invoices.parked_messages SET replayed_at = clock_timestamp()
WHERE parked_id IN (SELECT outbox_id FROM queued);

-- DISMISS
UPDATE invoices.parked_messages SET dismissed_at = clock_timestamp() WHERE parked_id = %s;

-- SELECT_OUTBOX
SELECT 
outbox_id, created_at, due_at, attempts, left(last_error, 4096), exchange, routing_key,
CASE WHEN octet_length(properties::text) <= 65536 THEN properties::text END,
octet_length(body), substring(body FOR %(preview_bytes)s)
 FROM orders.outbox
WHERE (%(outbox_id)s::uuid IS NULL OR outbox_id = %(outbox_id)s::uuid)
  AND (%(after)s::uuid IS NULL
       OR (created_at, outbox_id) > (SELECT created_at, outbox_id FROM orders.outbox WHERE outbox_id = %(after)s::uuid))
ORDER BY created_at, outbox_id LIMIT %(limit)s;

-- COUNT_OUTBOX
SELECT count(*), count(*) FILTER (WHERE attempts > 0) FROM orders.outbox;

-- POSTPONE
UPDATE orders.outbox SET due_at = clock_timestamp() + %s * interval '1 second' WHERE outbox_id = %s RETURNING due_at;

-- REMOVE
DELETE FROM orders.outbox WHERE outbox_id = %(outbox_id)s RETURNING 
outbox_id, created_at, due_at, attempts, left(last_error, 4096), exchange, routing_key,
CASE WHEN octet_length(properties::text) <= 65536 THEN properties::text END,
octet_length(body), substring(body FOR %(preview_bytes)s);

-- WAIT_AGAIN
UPDATE invoices.parked_messages SET replayed_at = NULL WHERE parked_id = %s;

-- ORDERS_WITHOUT_INVOICE
SELECT count(*) OVER (), o.order_id, o.customer_id, o.created_at
FROM orders.orders o
WHERE o.order_id >= %(since)s AND o.created_at < clock_timestamp() - %(older_than_s)s * interval '1 second'
  AND NOT EXISTS (SELECT FROM invoices.invoices i WHERE i.order_id = o.order_id)
ORDER BY o.order_id LIMIT %(limit)s;

-- INVOICES_WITHOUT_ORDER
SELECT count(*) OVER (), i.order_id, i.number
FROM invoices.invoices i
WHERE i.order_id >= %(since)s AND NOT EXISTS (SELECT FROM orders.orders o WHERE o.order_id = i.order_id)
ORDER BY i.number LIMIT %(limit)s;

-- INVOICES_DIFFERING
SELECT count(*) OVER (), i.order_id, i.number, o.amount, i.amount, o.currency, i.currency, o.customer_id, i.customer_id
FROM orders.orders o JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id >= %(since)s
  AND (o.amount, o.currency, o.customer_id) IS DISTINCT FROM (i.amount, i.currency, i.customer_id)
ORDER BY i.number LIMIT %(limit)s;

-- OLD_OUTBOX_ROWS
SELECT count(*) OVER (), outbox_id, created_at, due_at, attempts, left(last_error, 4096)
FROM orders.outbox
WHERE created_at < clock_timestamp() - %(older_than_s)s * interval '1 second'
ORDER BY created_at LIMIT %(limit)s;

-- INVOICE_NUMBER_GAPS
WITH counter AS (
    SELECT last_number, greatest(last_number - %(numbers)s::bigint, 0) AS floor FROM invoices.invoice_counter
), numbered AS (
    SELECT i.number FROM invoices.invoices i, counter WHERE i.number > counter.floor
    UNION ALL SELECT last_number + 1 FROM counter
), neighbours AS (
    SELECT lag(number, 1, (SELECT floor FROM counter)) OVER (ORDER BY number) AS previous, number FROM numbered
)
SELECT sum(number - previous - 1) OVER (), previous + 1, number - 1
FROM neighbours WHERE number > previous + 1 ORDER BY number LIMIT %(limit)s;

-- OUTBOX
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::bigint FROM orders.outbox;
