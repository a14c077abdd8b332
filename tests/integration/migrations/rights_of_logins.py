"""What each login may do, column by column: whatever is not named here is refused."""

from __future__ import annotations

# The columns of a table that a login may name in a statement of a kind; "*" for all, and for statements without any.
RIGHTS: dict[str, dict[tuple[str, str], str]] = {
    "create_order": {
        ("SELECT", "orders.orders"): "order_id",
        ("INSERT", "orders.orders"): "order_id customer_id amount currency created_at reference",
        ("SELECT", "orders.outbox"): "outbox_id",
        ("INSERT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("DELETE", "orders.outbox"): "*",
        ("SELECT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("INSERT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("UPDATE", "orders.idempotency_keys"): "request_hash order_id response_body created_at expires_at",
    },
    "cancel_order": {
        ("SELECT", "orders.orders"): "order_id customer_id amount currency status reference created_at updated_at",
        ("UPDATE", "orders.orders"): "status updated_at",
        ("SELECT", "orders.outbox"): "outbox_id",
        ("INSERT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("DELETE", "orders.outbox"): "*",
        ("SELECT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("INSERT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
        ("UPDATE", "orders.idempotency_keys"): "request_hash order_id response_body created_at expires_at",
        ("SELECT", "invoices.invoices"): "invoice_id number order_id status amount currency issued_at due_at",
        ("SELECT", "invoices.payments"): "*",
        ("SELECT", "invoices.refunds"): "*",
        ("SELECT", "invoices.credit_notes"): "*",
    },
    "get_order": {
        ("SELECT", "orders.orders"): "*",
        ("SELECT", "invoices.invoices"): "*",
        ("SELECT", "invoices.payments"): "*",
        ("SELECT", "invoices.refunds"): "*",
        ("SELECT", "invoices.credit_notes"): "*",
    },
    "invoice_consumer": {
        ("SELECT", "invoices.invoices"): "invoice_id number order_id amount currency status version",
        ("INSERT", "invoices.invoices"): "number order_id customer_id amount currency issued_at due_at traceparent",
        ("UPDATE", "invoices.invoices"): "status version updated_at",
        ("SELECT", "invoices.canceled_orders"): "order_id canceled_at",
        ("INSERT", "invoices.canceled_orders"): "order_id canceled_at",
        ("SELECT", "invoices.credit_note_counter"): "last_number",
        ("UPDATE", "invoices.credit_note_counter"): "last_number",
        ("SELECT", "invoices.credit_notes"): "invoice_id",
        ("INSERT", "invoices.credit_notes"): "number invoice_id amount currency issued_at",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("UPDATE", "invoices.invoice_counter"): "last_number",
        ("SELECT", "invoices.parked_messages"): "fingerprint reason seen_count",
        ("INSERT", "invoices.parked_messages"): "fingerprint queue properties body reason",
        ("UPDATE", "invoices.parked_messages"): "reason seen_count last_seen_at",
        ("SELECT", "invoices.delivery_attempts"): "*",
        ("INSERT", "invoices.delivery_attempts"): "*",
        ("UPDATE", "invoices.delivery_attempts"): "*",
        ("DELETE", "invoices.delivery_attempts"): "*",
    },
    "order_updater": {
        ("SELECT", "orders.orders"): "order_id status invoice_version updated_at",
        ("UPDATE", "orders.orders"): "status invoice_version updated_at",
        ("SELECT", "orders.parked_messages"): "fingerprint reason seen_count",
        ("INSERT", "orders.parked_messages"): "fingerprint queue properties body reason",
        ("UPDATE", "orders.parked_messages"): "reason seen_count last_seen_at",
        ("SELECT", "orders.delivery_attempts"): "*",
        ("INSERT", "orders.delivery_attempts"): "*",
        ("UPDATE", "orders.delivery_attempts"): "*",
        ("DELETE", "orders.delivery_attempts"): "*",
    },
    "record_payment": {
        ("SELECT", "invoices.invoices"): "invoice_id number order_id customer_id amount currency status version"
        " traceparent",
        ("UPDATE", "invoices.invoices"): "status version updated_at",
        ("SELECT", "invoices.payments"): "*",
        ("INSERT", "invoices.payments"): "provider payment_id invoice_id amount currency paid_at",
        ("SELECT", "invoices.refunds"): "*",
        ("INSERT", "invoices.refunds"): "provider refund_id payment_id amount refunded_at",
        ("SELECT", "invoices.unmatched_payments"): "*",
        ("INSERT", "invoices.unmatched_payments"): "fingerprint provider kind payment_id refund_id invoice amount"
        " currency occurred_at reason",
        ("UPDATE", "invoices.unmatched_payments"): "reason last_seen_at seen_count matched_at",
        ("SELECT", "invoices.webhook_deliveries"): "*",
        ("INSERT", "invoices.webhook_deliveries"): "provider delivery_id is_matched expires_at",
        ("UPDATE", "invoices.webhook_deliveries"): "is_matched expires_at",
        ("SELECT", "invoices.outbox"): "outbox_id",
        ("INSERT", "invoices.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("DELETE", "invoices.outbox"): "*",
    },
    "outbox_relay": {
        ("SELECT", "orders.outbox"): "outbox_id exchange routing_key properties body due_at attempts last_error",
        ("UPDATE", "orders.outbox"): "attempts last_error due_at",
        ("DELETE", "orders.outbox"): "*",
        ("SELECT", "orders.idempotency_keys"): "customer_id key expires_at",
        ("UPDATE", "orders.idempotency_keys"): "expires_at",
        ("DELETE", "orders.idempotency_keys"): "*",
    },
    "invoices_relay": {
        ("SELECT", "invoices.outbox"): "outbox_id exchange routing_key properties body due_at attempts last_error",
        ("UPDATE", "invoices.outbox"): "attempts last_error due_at",
        ("DELETE", "invoices.outbox"): "*",
        ("SELECT", "invoices.webhook_deliveries"): "provider delivery_id expires_at",
        ("UPDATE", "invoices.webhook_deliveries"): "expires_at",
        ("DELETE", "invoices.webhook_deliveries"): "*",
    },
    "operations": {
        ("SELECT", "orders.orders"): "order_id customer_id amount currency created_at status reference updated_at"
        " invoice_version",
        ("UPDATE", "orders.orders"): "customer_id reference",
        ("SELECT", "orders.idempotency_keys"): "customer_id key order_id",
        ("DELETE", "orders.idempotency_keys"): "*",
        ("SELECT", "invoices.invoices"): "invoice_id order_id number customer_id amount currency status version"
        " issued_at updated_at",
        ("UPDATE", "invoices.invoices"): "customer_id",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("SELECT", "invoices.credit_note_counter"): "last_number",
        ("SELECT", "invoices.payments"): "*",
        ("SELECT", "invoices.refunds"): "*",
        ("SELECT", "invoices.credit_notes"): "*",
        ("SELECT", "invoices.canceled_orders"): "*",
        ("SELECT", "invoices.unmatched_payments"): "*",
        ("UPDATE", "invoices.unmatched_payments"): "dismissed_at",
        ("DELETE", "invoices.unmatched_payments"): "*",
        **{
            (kind, f"{schema}.{table}"): columns
            for schema in ("orders", "invoices")
            for (kind, table), columns in {
                ("SELECT", "outbox"): "outbox_id created_at due_at attempts last_error exchange routing_key properties"
                " body",
                ("INSERT", "outbox"): "outbox_id exchange routing_key properties body due_at",
                ("UPDATE", "outbox"): "due_at",
                ("DELETE", "outbox"): "*",
                ("SELECT", "parked_messages"): "parked_id queue properties body reason first_seen_at last_seen_at"
                " seen_count replayed_at dismissed_at",
                ("UPDATE", "parked_messages"): "replayed_at dismissed_at",
                ("DELETE", "parked_messages"): "*",
            }.items()
        },
    },
}
