"""Unwelcome messages: copies, late ones, broken ones, one that kills, too many, one that is too large.

Everything that is sent here is noted: the checker knows what has to be parked and what may be invoiced.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from contracts import topology
from deliveries.consumer import DEATHS_MAX
from deliveries.event import Delivery
from proof.chaos.fault import fault
from proof.chaos.traps import Trap
from proof.chaos.world import NotBittenError, World

_PADDING_BYTES = 60_000
# A payload that has no room for one more of these.
_FULL_BYTES = 6_000_000
_TOO_LARGE_BYTES = 6_500_000


def event_body(order_id: str, *, amount: int, customer: str = "demo", currency: str = "BRL", **extra: Any) -> bytes:
    event = {"orderId": order_id, "amount": amount, "currency": currency, "customer": {"id": customer}}
    return json.dumps({**event, "createdAt": "2026-01-01T00:00:00.000Z", **extra}).encode()


def properties(**changes: Any) -> dict[str, Any]:
    usual = {"content_type": "application/json", "delivery_mode": 2, "type": topology.ORDER_CREATED_TYPE}
    return {**usual, "message_id": str(uuid.uuid4()), **changes}


def copies(world: World, chance: random.Random) -> str:
    """Events of orders that were published before, again, under new message ids and in any order."""
    rows = world.query(
        "SELECT order_id::text, amount, customer_id, currency FROM orders.orders ORDER BY created_at DESC LIMIT 40"
    )
    messages = [
        (event_body(row[0], amount=row[1], customer=row[2], currency=row[3]), properties())
        for row in rows
        for _ in "12"
    ]
    chance.shuffle(messages)
    world.publish(messages)
    return f"{len(messages)} copies"


def redelivered(world: World, chance: random.Random) -> str:
    """The mapping loses its connection while a batch is being invoiced: the batch comes again, marked as such."""
    with world.database_lock("invoices.invoice_counter"):
        world.until(lambda: _in_flight(world) > 0, "no batch was in flight", timeout_s=60)
        world.until(lambda: world.close_broker_connections("invoices_mapping") > 0, "no mapping connection")
    return "a batch in flight was delivered again"


def _in_flight(world: World) -> int:
    return int(world.mapping(topology.ORDER_CREATED_QUEUE).get("in_flight", 0))


def poison(world: World, chance: random.Random) -> str:
    """Broken messages of every kind, each in the middle of good ones."""
    messages: list[tuple[bytes, dict[str, Any]]] = []
    for body, changed in _broken(world, chance):
        world.sent.add(poison=body)
        messages += [_stray(world), (body, properties(**changed)), _stray(world)]
    world.publish(messages)
    return f"{len(messages)} messages, a third of them broken"


def _broken(world: World, chance: random.Random) -> list[tuple[bytes, dict[str, Any]]]:
    """Every body is unique, so that each can be told from the others where it ends up."""
    mark = f"{chance.getrandbits(64):x}"
    order_id = str(uuid.UUID(int=chance.getrandbits(128)))
    good = event_body(order_id, amount=world.amounts.stray(), mark=mark)
    return [
        (b'{"orderId": "' + mark.encode(), {}),
        (mark.encode() + b"\xff\xfe\x00", {}),
        (f'"{mark}"'.encode(), {}),
        (f"[{mark!r}]".replace("'", '"').encode(), {}),
        (json.dumps({"orderId": order_id, "mark": mark}).encode(), {}),
        (event_body(order_id, amount=-1, mark=mark), {}),
        (good.replace(b'"BRL"', b'"ZZZ"'), {}),
        (good.replace(b'"demo"', b'"\\u0000"'), {}),
        (event_body("no id", amount=1, mark=mark), {}),
        (good + b" ", {"type": "order.created.v9"}),
        (good + b"  ", {"type": None}),
        (b"[" * 5_000 + mark.encode(), {"headers": {"depth": [[[["deep"]]]], "count": 2**62}}),
    ]


def _stray(world: World) -> tuple[bytes, dict[str, Any]]:
    order_id = str(uuid.uuid4())
    world.sent.add(stray=order_id)
    return event_body(order_id, amount=world.amounts.stray()), properties()


def killer(world: World, chance: random.Random) -> str:
    """A message over which the function dies whenever it begins with it: parked undecoded, its neighbours invoiced."""
    body, sent = _stray(world)
    world.sent.add(poison=body)
    at_first, again = _traps_for(body, sent)
    for trap in (at_first, again):
        world.database.set_trap(trap)
    try:
        world.publish([_stray(world), (body, sent), _stray(world)])
        world.until(lambda: again.fired >= again.times, "the message killed no environment")
    finally:
        for trap in (at_first, again):
            world.database.remove_trap(trap)
    statement = "SELECT reason FROM invoices.parked_messages WHERE body = %s"
    world.until(lambda: bool(world.query(statement, body)), "the killer was not parked")
    return f"killed {at_first.fired + again.fired} times, then parked: {world.query(statement, body)[0][0]}"


def _traps_for(body: bytes, sent: Mapping[str, Any]) -> tuple[Trap, Trap]:
    """Traps for the first delivery, in its batch's transaction, and for each attempt that is noted after that.

    psycopg sends identifiers in binary or in hexadecimal.
    """
    order_id = uuid.UUID(json.loads(body)["orderId"])
    delivery = Delivery(
        queue=topology.ORDER_CREATED_QUEUE,
        body=body,
        properties={"messageId": sent["message_id"], "type": sent["type"]},
        is_redelivered=False,
    )
    fingerprint = delivery.fingerprint()
    return (
        Trap(
            user="invoice_consumer",
            patterns=[order_id.bytes, order_id.hex.encode()],
            beside=b"INSERT INTO invoices.invoices",
            when="answer",
        ),
        Trap(
            user="invoice_consumer",
            patterns=[fingerprint, fingerprint.hex().encode()],
            beside=b"INSERT INTO invoices.delivery_attempts",
            when="answer",
            times=DEATHS_MAX,
        ),
    )


def flood(world: World, chance: random.Random) -> str:
    """More than one invocation holds, behind a batch that waits: the next one is as large as 6 MB allow."""
    body, _ = _stray(world)
    padded = body + b" " * _PADDING_BYTES
    with world.database_lock("invoices.invoice_counter"):
        world.until(lambda: _in_flight(world) > 0, "no batch was in flight", timeout_s=60)
        # Confirmed, and handed to the mapping: what arrives later misses the batch, which a window of 0.5 s closes.
        world.publish([(each, properties()) for each in [body] * 500 + [padded] * 150])
        world.until(lambda: world.queue_depth(topology.ORDER_CREATED_QUEUE) <= _in_flight(world), "it was not fetched")
    world.until(lambda: world.queue_depth(topology.ORDER_CREATED_QUEUE) == 0, "the flood did not pass")
    largest = world.mapping(topology.ORDER_CREATED_QUEUE)["largest_payload_bytes"]
    if largest < _FULL_BYTES:
        raise NotBittenError(f"the largest payload had {largest} bytes")
    return f"650 copies of one event, {largest} bytes in the largest payload"


def too_large(world: World, chance: random.Random) -> str:
    """A record over 6 MB: Lambda drops it, the one documented exception; what is behind it is not held up."""
    before = int(world.mapping(topology.ORDER_CREATED_QUEUE).get("dropped", 0))
    body, _ = _stray(world)
    world.publish([(body + b" " * _TOO_LARGE_BYTES, properties()), _stray(world)])
    world.until(
        lambda: int(world.mapping(topology.ORDER_CREATED_QUEUE).get("dropped", 0)) > before, "nothing was dropped"
    )
    return "one record dropped by the mapping"


def requeue_by(method: str) -> Callable[[World, random.Random], str]:
    """The consumer dies with its batch, which returns to the queue by this method."""

    def inject(world: World, chance: random.Random) -> str:
        world.requeue_by(method)
        trap = Trap(user="invoice_consumer", patterns=[b"COMMIT"], when="request", times=2)
        world.database.set_trap(trap)
        try:
            world.until(lambda: trap.fired >= trap.times, "no batch failed", timeout_s=90)
        finally:
            world.database.remove_trap(trap)
        return f"{trap.fired} batches came back by {method}"

    return inject


FAULTS = [
    fault("copies, out of order", copies, "messages", "rabbitmq"),
    fault("redelivered batch", redelivered, "postgres", "rabbitmq"),
    fault("poison of every kind", poison, "messages", "rabbitmq"),
    fault("message that kills the function", killer, "invoice_consumer", "rabbitmq", "postgres"),
    fault("largest batch", flood, "rabbitmq", "postgres", "invoice_consumer"),
    fault("record over 6 MB", too_large, "messages", "rabbitmq"),
    *(
        fault(
            f"batch returned by {method}", requeue_by(method), *("emulator", "invoice_consumer", "rabbitmq", "postgres")
        )
        for method in ("nack", "reject", "close")
    ),
]
