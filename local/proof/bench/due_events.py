"""Events of orders that are due: so many, as `create_order` would have left them in its outbox."""

# As many orders in a time as a shop has at its best: ids of version 7, headers with a trace's context.
FILL = """
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
SELECT id, 'orders', 'order.created',
       json_build_object('content_type', 'application/json', 'delivery_mode', 2, 'message_id', id,
           'type', 'order.created.v1',
           'headers', json_build_object('traceparent', '00-' || md5(id::text) || '-00f067aa0ba902b7-01')),
       convert_to(json_build_object('orderId', id, 'amount', 1999, 'currency', 'BRL',
           'customer', json_build_object('id', 'bench'), 'createdAt', '2026-11-29T05:00:00.000Z')::text, 'UTF8'),
       now() - interval '1 min' + n * interval '1 us'
FROM generate_series(1, %s) n, LATERAL (
    SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n / 10), 12, '0') || '7'
        || lpad(to_hex(n %% 4096), 3, '0') || '8' || substr(md5(random()::text), 1, 15))::uuid AS id) made
"""
