"""The names of the AMQP topology and of the one event on it: said here and nowhere else.

`release` declares them, `create_order` and `outbox_relay` publish to them, the event source mappings consume from them.
"""

VIRTUAL_HOST = "/"

ORDERS_EXCHANGE = "orders"
ORDER_CREATED_ROUTING_KEY = "order.created"
ORDER_CREATED_QUEUE = "invoices.order-created"

DEAD_LETTER_EXCHANGE = "orders.dead-letter"
DEAD_LETTER_QUEUE = "invoices.order-created.dead-letter"

ORDER_CREATED_TYPE = "order.created.v1"
