-- SELECT_ORDER
SELECT o.order_id, o.customer_id, o.amount, o.currency, o.status, o.created_at,
       i.invoice_id, i.number, i.status, i.amount, i.currency, i.issued_at, i.due_at
FROM orders.orders o LEFT JOIN invoices.invoices i ON i.order_id = o.order_id
WHERE o.order_id = %s AND o.customer_id = %s;

-- SELECT_IS_READ_ONLY
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on';
