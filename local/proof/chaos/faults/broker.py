"""RabbitMQ that hangs, is full, has lost a binding, refuses the login, or hangs up."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts import topology
from proof.chaos.fault import fault
from proof.chaos.world import NotBittenError, World

_POLICY = ("policies", topology.VIRTUAL_HOST, "nemesis")
_BINDINGS = ("bindings", topology.VIRTUAL_HOST, "e", topology.ORDERS_EXCHANGE, "q", topology.ORDER_CREATED_QUEUE)
_PUBLISHER = ("users", "orders_publisher")


def _waits_in_outbox(world: World, fewest: int = 1) -> None:
    """Events that could not be published are what shows that the fault bit."""
    before = world.outbox_rows()
    world.until(lambda: world.outbox_rows() >= before + fewest, "every event was published", timeout_s=60)


def frozen(world: World, chance: random.Random) -> str:
    with world.frozen(world.pid("rabbitmq")):
        _waits_in_outbox(world)
        threading.Event().wait(chance.uniform(0.5, 3))
    return "events waited in the outbox"


def memory_alarm(world: World, chance: random.Random) -> str:
    """https://www.rabbitmq.com/docs/alarms: publishing connections are blocked."""
    world.erlang("vm_memory_monitor", "set_vm_memory_high_watermark", "[0.000001]")
    try:
        world.until(lambda: _has_alarm(world), "there was no alarm", timeout_s=30)
        _waits_in_outbox(world)
        threading.Event().wait(chance.uniform(0, 2))
    finally:
        world.erlang("vm_memory_monitor", "set_vm_memory_high_watermark", "[0.4]")
    world.until(lambda: not _has_alarm(world), "the alarm stayed", timeout_s=60)
    return "memory alarm, events waited in the outbox"


def _has_alarm(world: World) -> bool:
    return any(node.get("mem_alarm") for node in world.management.get("nodes"))


def full_queue(world: World, chance: random.Random) -> str:
    """At its length limit the queue nacks, as its own policy has it (`overflow: reject-publish`)."""
    current = world.management.get("policies", topology.VIRTUAL_HOST, "order-created")
    definition = {**current["definition"], "max-length": 1}
    policy = {"pattern": current["pattern"], "apply-to": "queues", "priority": 99, "definition": definition}
    with world.disabled_mapping(topology.ORDER_CREATED_QUEUE):
        world.management.put(*_POLICY, document=policy)
        try:
            _waits_in_outbox(world)
        finally:
            world.management.delete(*_POLICY)
    return "the queue was full, events waited in the outbox"


def unroutable(world: World, chance: random.Random) -> str:
    """The queue's binding is gone: what is published comes back."""
    with _unbound(world):
        _waits_in_outbox(world)
        threading.Event().wait(chance.uniform(0, 2))
    return "no binding, events waited in the outbox"


@contextmanager
def _unbound(world: World) -> Iterator[None]:
    world.management.delete(*_BINDINGS, topology.ORDER_CREATED_ROUTING_KEY)
    try:
        yield
    finally:
        binding = {"routing_key": topology.ORDER_CREATED_ROUTING_KEY, "arguments": {}}
        world.management.post(*_BINDINGS, document=binding)


def wrong_credentials(world: World, chance: random.Random) -> str:
    """The publisher's password was changed and its connections ended."""
    user: dict[str, Any] = world.management.get(*_PUBLISHER)
    keep = {name: user[name] for name in ("password_hash", "hashing_algorithm", "tags")}
    world.management.put(*_PUBLISHER, document={"password": "another", "tags": ""})
    try:
        world.close_broker_connections("orders_publisher")
        _waits_in_outbox(world)
    finally:
        world.management.put(*_PUBLISHER, document=keep)
    return "login refused, events waited in the outbox"


def closed_by_broker(world: World, chance: random.Random) -> str:
    """Connections that the broker closes: the publishers', the mapping's, or all."""
    user = chance.choice([None, "orders_publisher", "invoices_mapping"])
    for _ in range(50):
        if closed := world.close_broker_connections(user):
            return f"{closed} connections of {user or 'all users'} closed"
        # The management API's list of connections is seconds behind.
        threading.Event().wait(0.2)
    raise NotBittenError(f"{user} had no connection")


FAULTS = [
    fault("rabbitmq frozen", frozen, "rabbitmq", "create_order"),
    fault("rabbitmq memory alarm", memory_alarm, "rabbitmq", "create_order"),
    fault("queue at its length limit", full_queue, "rabbitmq", "emulator", "create_order"),
    fault("queue not bound", unroutable, "rabbitmq", "create_order"),
    fault("wrong broker credentials", wrong_credentials, "rabbitmq", "create_order"),
    fault("connections closed by the broker", closed_by_broker, "rabbitmq"),
]
