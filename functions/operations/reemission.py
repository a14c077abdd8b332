"""Tell again what one side has not heard of an order and nothing tells any more: the event was lost.

That takes a database restored without its outbox, a queue that was deleted, or a row removed by hand; G1 excludes it
otherwise. Each event is made of the rows that it tells of, as the function that stored them makes it, so it may be told
twice: an order has one invoice, a cancellation counts once, a version that was heeded is not heeded again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from contracts.events import OrderCanceled, OrderCreated
from contracts.topology import (
    ORDER_CANCELED_ROUTING_KEY,
    ORDER_CANCELED_TYPE,
    ORDER_CREATED_ROUTING_KEY,
    ORDER_CREATED_TYPE,
    ORDERS_EXCHANGE,
)
from operations.order_view import show
from operations.refusals import RefusedError
from outbox import event_message, row_parameters, uuid7
from payments.recording import Event, Invoice, event_of
from rabbitmq import Message

Connection = psycopg.Connection[Any]

INSERT_EVENT = {
    side: f"""
INSERT INTO {side}.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
VALUES (%(outbox_id)s, %(exchange)s, %(routing_key)s, %(properties)s, %(body)s,
        clock_timestamp() + %(due_in_s)s * interval '1 second')
"""  # noqa: S608 (a constant)
    for side in ("orders", "invoices")
}


def reemit(connection: Connection, *, order_id: UUID) -> dict[str, Any]:
    """Put what is missing into the outboxes, due at once. Raises UnknownMessageError and RefusedError."""
    view = show(connection, order_id=order_id, invoice=None)
    _refuse_needless(view)
    events = {what: _EVENTS[what](view) for what in view["unheard"]}
    with connection.transaction():
        for what, event in events.items():
            side = "invoices" if what == "invoice changed" else "orders"
            connection.execute(INSERT_EVENT[side], row_parameters(event.outbox_id, event.message, due_in_s=0.0))
    return {"queued": len(events), "events": list(events)}


def _refuse_needless(view: dict[str, Any]) -> None:
    if view["outbox"]:
        raise RefusedError(
            "an event of this order waits in an outbox: the relay publishes it (`outbox` says why not yet)"
        )
    if any(each["isWaiting"] for each in view["parkedMessages"]):
        raise RefusedError("a message of this order is parked: replay it, or dismiss it first")
    if not view["unheard"]:
        raise RefusedError("both sides have heard of everything: there is no event to tell again")


def _created(view: dict[str, Any]) -> Event:
    order = view["order"]
    event = OrderCreated(
        order_id=UUID(order["orderId"]),
        customer_id=order["customerId"],
        amount=order["amount"],
        currency=order["currency"],
        created_at=datetime.fromisoformat(order["createdAt"]),
    )
    return _of_order(event.to_json(), routing_key=ORDER_CREATED_ROUTING_KEY, type_=ORDER_CREATED_TYPE)


def _canceled(view: dict[str, Any]) -> Event:
    order = view["order"]
    event = OrderCanceled(
        order_id=UUID(order["orderId"]),
        customer_id=order["customerId"],
        canceled_at=datetime.fromisoformat(order["updatedAt"]),
    )
    return _of_order(event.to_json(), routing_key=ORDER_CANCELED_ROUTING_KEY, type_=ORDER_CANCELED_TYPE)


def _changed(view: dict[str, Any]) -> Event:
    invoice = view["invoice"]
    changed = Invoice(
        invoice_id=UUID(invoice["invoiceId"]),
        number=invoice["number"],
        order_id=UUID(view["order"]["orderId"]),
        customer_id=invoice["customerId"],
        amount=invoice["amount"],
        currency=invoice["currency"],
        status=invoice["status"],
        version=invoice["version"],
        traceparent=invoice["traceparent"],
    )
    return event_of(changed, traced=_as_it_is)


def _of_order(body: bytes, *, routing_key: str, type_: str) -> Event:
    outbox_id = uuid7()
    message = event_message(
        body, exchange=ORDERS_EXCHANGE, routing_key=routing_key, type_=type_, message_id=outbox_id, trace_headers={}
    )
    return Event(outbox_id=outbox_id, message=message)


def _as_it_is(message: Message) -> Message:
    return message


_EVENTS = {"order created": _created, "order canceled": _canceled, "invoice changed": _changed}
