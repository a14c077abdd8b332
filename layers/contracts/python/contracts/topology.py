"""The names of the AMQP topology and of the events on it: said here and nowhere else.

`release` declares them; functions and relays publish to the exchanges, event source mappings consume from the queues.
An exchange belongs to the side that publishes to it, a queue to the side that reads it: its name begins with that side.
"""

from __future__ import annotations

from typing import NamedTuple

VIRTUAL_HOST = "/"

ORDERS_EXCHANGE = "orders"
ORDER_CREATED_ROUTING_KEY = "order.created"
ORDER_CREATED_QUEUE = "invoices.order-created"
ORDER_CANCELED_ROUTING_KEY = "order.canceled"
ORDER_CANCELED_QUEUE = "invoices.order-canceled"

INVOICES_EXCHANGE = "invoices"
INVOICE_PAID_ROUTING_KEY = "invoice.paid"
INVOICE_REOPENED_ROUTING_KEY = "invoice.reopened"
INVOICE_CHANGED_QUEUE = "orders.invoice-changed"

DEAD_LETTER_EXCHANGE = "orders.dead-letter"
DEAD_LETTER_QUEUE = "invoices.order-created.dead-letter"

ORDER_CREATED_TYPE = "order.created.v1"
ORDER_CANCELED_TYPE = "order.canceled.v1"
INVOICE_PAID_TYPE = "invoice.paid.v1"
INVOICE_REOPENED_TYPE = "invoice.reopened.v1"


class Queue(NamedTuple):
    """A queue, what feeds it, and where the broker puts what it rejects; `policy` names its policy."""

    name: str
    exchange: str
    routing_keys: tuple[str, ...]
    policy: str
    dead_letter_exchange: str
    dead_letter_queue: str
    dead_letter_policy: str

    @property
    def side(self) -> str:
        """Whose it is: `orders` or `invoices`."""
        return self.name.partition(".")[0]


QUEUES = (
    Queue(
        name=ORDER_CREATED_QUEUE,
        exchange=ORDERS_EXCHANGE,
        routing_keys=(ORDER_CREATED_ROUTING_KEY,),
        policy="order-created",
        dead_letter_exchange=DEAD_LETTER_EXCHANGE,
        dead_letter_queue=DEAD_LETTER_QUEUE,
        dead_letter_policy="dead-letters",
    ),
    Queue(
        name=ORDER_CANCELED_QUEUE,
        exchange=ORDERS_EXCHANGE,
        routing_keys=(ORDER_CANCELED_ROUTING_KEY,),
        policy="order-canceled",
        dead_letter_exchange="orders.order-canceled.dead-letter",
        dead_letter_queue=f"{ORDER_CANCELED_QUEUE}.dead-letter",
        dead_letter_policy="order-canceled-dead-letters",
    ),
    Queue(
        name=INVOICE_CHANGED_QUEUE,
        exchange=INVOICES_EXCHANGE,
        routing_keys=(INVOICE_PAID_ROUTING_KEY, INVOICE_REOPENED_ROUTING_KEY),
        policy="invoice-changed",
        dead_letter_exchange="invoices.invoice-changed.dead-letter",
        dead_letter_queue=f"{INVOICE_CHANGED_QUEUE}.dead-letter",
        dead_letter_policy="invoice-changed-dead-letters",
    ),
)
BY_DEAD_LETTER_QUEUE = {queue.dead_letter_queue: queue for queue in QUEUES}
