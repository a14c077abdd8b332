"""The two sides of the system, each with its parked messages and its outbox, and the way of a message between them.

A message is parked on the side that reads its queue, and goes again through the outbox of the side whose exchange leads
there: what the invoices' side could not read came from the orders'.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.topology import BY_DEAD_LETTER_QUEUE, INVOICES_EXCHANGE, ORDERS_EXCHANGE, QUEUES

# As the schemas are called.
SIDES = ("orders", "invoices")
_OUTBOXES = {ORDERS_EXCHANGE: "orders", INVOICES_EXCHANGE: "invoices"}
_QUEUES = {queue.name: queue for queue in QUEUES} | BY_DEAD_LETTER_QUEUE


class Route(NamedTuple):
    """The outbox, exchange and routing key by which a message reaches its queue again."""

    outbox: str
    exchange: str
    routing_key: str


def route(queue: str, message_type: object) -> Route | None:
    """The way to a queue, or to the one that this one has the dead letters of; None if there is no such queue.

    Of several routing keys it is the one that the message's type is named after, else the first: all lead there.
    """
    origin = _QUEUES.get(queue)
    if origin is None:
        return None
    named = str(message_type).rpartition(".v")[0]
    routing_key = named if named in origin.routing_keys else origin.routing_keys[0]
    return Route(_OUTBOXES[origin.exchange], origin.exchange, routing_key)


def of_both(table: str, columns: str, *, name: str) -> str:
    """A table of both sides as one, for a FROM clause: these columns, and `name` for the side."""
    selected = (f"SELECT '{side}' AS {name}, {columns} FROM {side}.{table}" for side in SIDES)  # noqa: S608 (constants)
    return f"({' UNION ALL '.join(selected)}) AS {table}"
