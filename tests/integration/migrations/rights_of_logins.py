"""What each login may do, column by column: whatever is not named here is refused."""

from __future__ import annotations

# The columns of a table that a login may name in a statement of a kind; "*" for all, and for statements without any.
Rights = dict[tuple[str, str], str]


def _publishing(schema: str) -> Rights:
    """Of what stores an event and deletes it once it is published."""
    return {
        ("SELECT", f"{schema}.outbox"): "outbox_id",
        ("INSERT", f"{schema}.outbox"): "outbox_id exchange routing_key properties body due_at",
        ("DELETE", f"{schema}.outbox"): "*",
    }


def _relaying(schema: str) -> Rights:
    return {
        ("SELECT", f"{schema}.outbox"): "outbox_id exchange routing_key properties body due_at attempts last_error",
        ("UPDATE", f"{schema}.outbox"): "attempts last_error due_at",
        ("DELETE", f"{schema}.outbox"): "*",
    }


def _consuming(schema: str) -> Rights:
    """Of what parks messages and notes its attempts."""
    return {
        ("SELECT", f"{schema}.parked_messages"): "fingerprint reason seen_count",
        ("INSERT", f"{schema}.parked_messages"): "fingerprint queue properties body reason",
        ("UPDATE", f"{schema}.parked_messages"): "reason seen_count last_seen_at",
        ("SELECT", f"{schema}.delivery_attempts"): "*",
        ("INSERT", f"{schema}.delivery_attempts"): "*",
        ("UPDATE", f"{schema}.delivery_attempts"): "*",
        ("DELETE", f"{schema}.delivery_attempts"): "*",
    }


_KEYS: Rights = {
    ("SELECT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
    ("INSERT", "orders.idempotency_keys"): "customer_id key request_hash order_id response_body expires_at",
    ("UPDATE", "orders.idempotency_keys"): "request_hash order_id response_body created_at expires_at",
}
_MONEY: Rights = {("SELECT", f"invoices.{table}"): "*" for table in ("payments", "refunds", "credit_notes")}

# What a login may call of the functions there are.
CALLS: dict[str, set[str]] = {
    "create_order": {"orders.delete_published"},
    "cancel_order": {"orders.delete_published"},
    "record_payment": {"invoices.delete_published"},
}

RIGHTS: dict[str, Rights] = {
    "create_order": {
        ("SELECT", "orders.orders"): "order_id",
        ("INSERT", "orders.orders"): "order_id customer_id amount currency created_at reference",
        **_publishing("orders"),
        **_KEYS,
    },
    "cancel_order": {
        ("SELECT", "orders.orders"): "order_id customer_id amount currency status reference created_at updated_at",
        ("UPDATE", "orders.orders"): "status updated_at",
        **_publishing("orders"),
        **_KEYS,
        ("SELECT", "invoices.invoices"): "invoice_id number order_id status amount currency issued_at due_at",
        **_MONEY,
    },
    "get_order": {
        ("SELECT", "orders.orders"): "*",
        ("SELECT", "invoices.invoices"): "*",
        **_MONEY,
    },
    "invoice_consumer": {
        ("SELECT", "invoices.invoices"): "invoice_id number order_id amount currency status version",
        ("INSERT", "invoices.invoices"): "invoice_id number order_id customer_id amount currency issued_at due_at"
        " traceparent",
        ("UPDATE", "invoices.invoices"): "status version updated_at",
        ("SELECT", "invoices.canceled_orders"): "order_id canceled_at",
        ("INSERT", "invoices.canceled_orders"): "order_id canceled_at",
        ("SELECT", "invoices.credit_note_counter"): "last_number",
        ("UPDATE", "invoices.credit_note_counter"): "last_number",
        ("SELECT", "invoices.credit_notes"): "invoice_id",
        ("INSERT", "invoices.credit_notes"): "number invoice_id amount currency issued_at",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("UPDATE", "invoices.invoice_counter"): "last_number",
        **_consuming("invoices"),
    },
    "order_updater": {
        ("SELECT", "orders.orders"): "order_id status invoice_version updated_at",
        ("UPDATE", "orders.orders"): "status invoice_version updated_at",
        **_consuming("orders"),
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
        **_publishing("invoices"),
    },
    "outbox_relay": {
        **_relaying("orders"),
        ("SELECT", "orders.idempotency_keys"): "customer_id key expires_at",
        ("UPDATE", "orders.idempotency_keys"): "expires_at",
        ("DELETE", "orders.idempotency_keys"): "*",
    },
    "invoices_relay": {
        **_relaying("invoices"),
        ("SELECT", "invoices.webhook_deliveries"): "provider delivery_id expires_at",
        ("UPDATE", "invoices.webhook_deliveries"): "expires_at",
        ("DELETE", "invoices.webhook_deliveries"): "*",
    },
    "operations": {
        ("SELECT", "orders.orders"): "order_id customer_id amount currency created_at status reference updated_at"
        " invoice_version",
        ("UPDATE", "orders.orders"): "customer_id reference",
        ("SELECT", "orders.idempotency_keys"): "customer_id key order_id created_at expires_at",
        ("DELETE", "orders.idempotency_keys"): "*",
        ("SELECT", "invoices.invoices"): "invoice_id order_id number customer_id amount currency status version"
        " issued_at due_at updated_at traceparent",
        ("UPDATE", "invoices.invoices"): "customer_id status version updated_at",
        ("INSERT", "invoices.payments"): "provider payment_id invoice_id amount currency paid_at",
        ("INSERT", "invoices.refunds"): "provider refund_id payment_id amount refunded_at",
        ("SELECT", "invoices.invoice_counter"): "last_number",
        ("SELECT", "invoices.credit_note_counter"): "last_number",
        **_MONEY,
        ("SELECT", "invoices.canceled_orders"): "*",
        ("SELECT", "invoices.unmatched_payments"): "*",
        ("UPDATE", "invoices.unmatched_payments"): "dismissed_at matched_at reason",
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
                ("SELECT", "delivery_attempts"): "deaths started_at",
                ("DELETE", "delivery_attempts"): "*",
            }.items()
        },
        ("SELECT", "audit.progress"): "*",
        ("UPDATE", "audit.progress"): "order_id invoice_number credit_note_number changed_at swept_order_id"
        " swept_invoice_number found_order_id",
        ("SELECT", "audit.open_findings"): "*",
        ("INSERT", "audit.open_findings"): "name order_id",
        ("DELETE", "audit.open_findings"): "*",
        ("SELECT", "audit.missing_numbers"): "*",
        ("INSERT", "audit.missing_numbers"): "series number",
        ("DELETE", "audit.missing_numbers"): "*",
        ("SELECT", "customers.customers"): "*",
        ("INSERT", "customers.customers"): "customer_id requests_per_second is_of_stack",
        ("UPDATE", "customers.customers"): "requests_per_second is_of_stack suspended_at",
        ("DELETE", "customers.customers"): "*",
        ("SELECT", "customers.keys"): "*",
        ("INSERT", "customers.keys"): "customer_id key_hash hint",
        ("UPDATE", "customers.keys"): "revoked_at",
        ("SELECT", "customers.publication"): "*",
        ("UPDATE", "customers.publication"): "changes published_changes revision etag changed_at",
    },
}
