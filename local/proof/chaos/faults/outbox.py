"""A row of the outbox that the broker does not take: it waits by itself, and what is beside it goes."""

from __future__ import annotations

import contextlib
import json
import random
import uuid

from contracts import topology
from localregion.http_client import HttpError
from proof.chaos.fault import fault
from proof.chaos.faults.messages import event_body, properties
from proof.chaos.traps import Trap
from proof.chaos.world import World

NEIGHBOURS = 3
_FOREVER = 1_000_000
_INSERT = """
INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)
VALUES (%s, %s, %s, %s, %s, clock_timestamp())
"""
_STATE = """
SELECT count(*) FILTER (WHERE outbox_id = ANY(%s::uuid[])), coalesce(max(attempts) FILTER (WHERE outbox_id = %s), 0)
FROM orders.outbox
"""


def refused_row(world: World, chance: random.Random) -> str:
    """The connection ends whenever one row is published: it gets its attempts, its neighbours go, and later itself."""
    culprit, *neighbours = [_stray_id(world) for _ in range(1 + NEIGHBOURS)]
    trap = Trap(
        user="orders_publisher",
        patterns=[culprit.encode()],
        when="request",
        action=lambda _conversation: None,
        times=_FOREVER,
    )
    world.broker.set_trap(trap)
    try:
        _queue(world, [culprit, *neighbours])
        world.until(lambda: _has_been_told_apart(world, culprit, neighbours), "the row held its neighbours up")
    finally:
        world.broker.remove_trap(trap)
    return f"the connection ended {trap.fired} times, {NEIGHBOURS} neighbours went"


def queue_stray(world: World) -> None:
    """Have something in the outbox that is due now."""
    _queue(world, [_stray_id(world)])


def _stray_id(world: World) -> str:
    """The id of a stray order that is to have an invoice in the end."""
    order_id = str(uuid.uuid4())
    world.sent.add(stray=order_id)
    return order_id


def _queue(world: World, order_ids: list[str]) -> None:
    """Rows as `create_order` writes them, under their orders' ids."""
    destination = (topology.ORDERS_EXCHANGE, topology.ORDER_CREATED_ROUTING_KEY)
    with contextlib.closing(world.postgres()) as connection, connection.transaction():
        for order_id in order_ids:
            body = event_body(order_id, amount=world.amounts.stray())
            connection.execute(_INSERT, [order_id, *destination, json.dumps(properties()), body])


def _has_been_told_apart(world: World, culprit: str, neighbours: list[str]) -> bool:
    # The schedule's own run may be at work: the function has one environment, and the call is refused.
    with contextlib.suppress(HttpError):
        world.invoke("outbox_relay", {})
    ((left, attempts),) = world.query(_STATE, neighbours, culprit)
    return bool(left == 0 and attempts > 0)


FAULTS = [fault("outbox row over which the connection ends", refused_row, "rabbitmq", "postgres", "emulator")]
