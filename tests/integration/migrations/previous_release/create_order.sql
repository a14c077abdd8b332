-- INSERT_ORDER
WITH new_order AS (
    INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)
    VALUES (%(order_id)s, %(customer_id)s, %(amount)s, %(currency)s, %(created_at)s)
    ON CONFLICT (order_id) DO NOTHING
)
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
VALUES (%(outbox_id)s, %(exchange)s, %(routing_key)s, %(properties)s, %(body)s,
        clock_timestamp() + %(due_in_s)s * interval '1 second')
ON CONFLICT (outbox_id) DO NOTHING;

-- INSERT_ORDER_WITH_KEY
WITH claimed AS (
    INSERT INTO orders.idempotency_keys AS used
        (customer_id, key, request_hash, order_id, response_body, expires_at)
    VALUES (%(customer_id)s, %(key)s, %(request_hash)s, %(order_id)s, %(response_body)s,
            clock_timestamp() + %(ttl_hours)s * interval '1 hour')
    ON CONFLICT (customer_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, order_id = excluded.order_id, response_body = excluded.response_body,
        created_at = clock_timestamp(), expires_at = excluded.expires_at
    WHERE used.expires_at <= clock_timestamp()
    RETURNING used.order_id
), new_order AS (
    INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)
    SELECT order_id, %(customer_id)s, %(amount)s::bigint, %(currency)s, %(created_at)s::timestamptz FROM claimed
)
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
SELECT %(outbox_id)s::uuid, %(exchange)s, %(routing_key)s, %(properties)s::json, %(body)s::bytea,
       clock_timestamp() + %(due_in_s)s * interval '1 second'
FROM claimed;

-- SELECT_RESPONSE
SELECT order_id, request_hash, response_body FROM orders.idempotency_keys
WHERE customer_id = %(customer_id)s AND key = %(key)s;

-- DELETE_PUBLISHED
DELETE FROM orders.outbox WHERE outbox_id = %s;
