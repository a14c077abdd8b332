"""Processes that die by SIGKILL: at chosen points of their conversation with a service, or at any instant."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from contracts import topology
from localregion.http_client import HttpError
from proof.chaos.fault import fault
from proof.chaos.faults.outbox import queue_stray
from proof.chaos.proxy import Link
from proof.chaos.traps import Trap
from proof.chaos.world import NotBittenError, World

Injection = Callable[[World, random.Random], str]

# Method frames of AMQP 0-9-1: class and method, as they stand in the stream.
BASIC_PUBLISH = b"\x00\x3c\x00\x28"
BASIC_ACK = b"\x00\x3c\x00\x50"
# Less than any function has once it is initialised.
_TOO_LITTLE_MEMORY_MB = 16


def spring(world: World, link: Link, trap: Trap, *, provoke: Callable[[], object] | None = None) -> str:
    """Set a trap and wait until it has fired as often as it shall."""
    link.set_trap(trap)
    try:
        if provoke is not None:
            provoke()
        world.until(lambda: trap.fired >= trap.times, f"no connection of {trap.user} reached the trap", timeout_s=60)
    finally:
        link.remove_trap(trap)
    return f"killed {trap.user} {trap.fired} times"


def kill_at(
    service: Literal["database", "broker"], user: str, patterns: Sequence[bytes], when: Literal["request", "answer"]
) -> Injection:
    def inject(world: World, chance: random.Random) -> str:
        link = world.database if service == "database" else world.broker
        return spring(world, link, Trap(user=user, patterns=patterns, when=when, times=chance.randint(1, 2)))

    return inject


def kill_relay(world: World, chance: random.Random) -> str:
    """After its publish was confirmed and before it deletes the row: the event is sent twice."""

    def relay() -> None:
        queue_stray(world)
        # The invocation that is killed answers with an error, or not at all.
        with suppress(HttpError):
            world.invoke("outbox_relay", {})

    trap = Trap(user="outbox_relay", patterns=[b"DELETE FROM orders.outbox"], when="request")
    thread = threading.Thread(target=relay)
    try:
        return spring(world, world.database, trap, provoke=thread.start)
    finally:
        thread.join()


def kill_mapping_before_ack(world: World, chance: random.Random) -> str:
    """The function has committed and answered; the emulator dies before the broker hears of it."""
    pid = world.pid("emulator")
    trap = Trap(user="invoices_mapping", patterns=[BASIC_ACK], when="request")
    shown = spring(world, world.broker, trap)
    world.wait_for_restart("emulator", pid)
    return shown


def leave_payments_waiting(world: World, chance: random.Random) -> str:
    """Invoices are paid and reopened meanwhile, and their orders hear of it late and all at once."""
    with world.disabled_mapping(topology.INVOICE_CHANGED_QUEUE):
        world.until(lambda: world.queue_depth(topology.INVOICE_CHANGED_QUEUE) > 2, "no invoice was paid", timeout_s=60)
        waiting = world.queue_depth(topology.INVOICE_CHANGED_QUEUE)
    return f"{waiting} events waited"


def kill_part(part: str) -> Injection:
    def inject(world: World, chance: random.Random) -> str:
        pid = world.kill(part)
        world.wait_for_restart(part, pid)
        return f"pid {pid} became {world.pid(part)}"

    return inject


def lose_customers(world: World, chance: random.Random) -> str:
    """The gateways' object in S3 is gone when one starts anew: it gets what its configurator has read before."""
    objects = [path for path in (world.folder.path / "emulator" / "s3").rglob("*") if path.is_file()]
    if not objects:
        raise NotBittenError("there is no object to lose")
    for path in objects:
        path.unlink()
    return kill_part("gateway")(world, chance)


def kill_environment(world: World, chance: random.Random) -> str:
    """Any environment of any function, at any instant."""
    functions = ("create_order", "get_order", "cancel_order", "record_payment", "invoice_consumer", "order_updater")
    for _ in range(20):
        pids = [env["pid"] for name in functions for env in world.environments(name) if env["pid"]]
        if pids:
            pid = chance.choice(sorted(pids))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return f"killed one of {len(pids)}"
    raise NotBittenError("no environment to kill")


def run_out_of_memory(function: str) -> Injection:
    """Its environments use more than they may have: killed wherever they are, like one that grew by itself."""

    def inject(world: World, chance: random.Random) -> str:
        times = chance.randint(1, 3)
        with world.memory_size(function, _TOO_LITTLE_MEMORY_MB) as killed:
            world.until(lambda: killed() >= times, f"no environment of {function} was killed", timeout_s=60)
            return f"{killed()} environments of {function} ran out of memory"

    return inject


def restart_rabbitmq_in_a_row(world: World, chance: random.Random) -> str:
    """Killed, killed again while it boots, then left alone."""
    first = world.kill("rabbitmq")
    world.until(lambda: world.pid("rabbitmq") not in (0, first), "rabbitmq was not started again")
    threading.Event().wait(chance.uniform(1, 4))
    second = world.kill("rabbitmq")
    world.wait_for_restart("rabbitmq", second)
    return f"pids {first}, {second}, {world.pid('rabbitmq')}"


def kill_loaded_rabbitmq(world: World, chance: random.Random) -> str:
    """The node dies with messages in its queue, unacknowledged ones among them."""
    with world.database_lock("invoices.invoice_counter"):
        world.until(lambda: world.queue_depth(topology.ORDER_CREATED_QUEUE) > 0, "no message is waiting", timeout_s=30)
        pid = world.kill("rabbitmq")
    world.wait_for_restart("rabbitmq", pid)
    return f"pid {pid} became {world.pid('rabbitmq')}"


# What dies where: a function, when, the service that it talks to, as which user, at which piece of the conversation.
INSERT_ORDER, COMMIT = b"INSERT INTO orders.orders", b"COMMIT"
_DEATHS: list[tuple[str, str, Literal["database", "broker"], str, bytes, Literal["request", "answer"]]] = [
    ("create_order", "before commit", "database", "create_order", INSERT_ORDER, "request"),
    ("create_order", "between commit and publish", "database", "create_order", INSERT_ORDER, "answer"),
    ("create_order", "after publish", "broker", "orders_publisher", BASIC_PUBLISH, "answer"),
    ("cancel_order", "between commit and publish", "database", "cancel_order", COMMIT, "answer"),
    ("record_payment", "before commit", "database", "record_payment", COMMIT, "request"),
    ("record_payment", "between commit and publish", "database", "record_payment", COMMIT, "answer"),
    ("record_payment", "after publish", "broker", "invoices_publisher", BASIC_PUBLISH, "answer"),
    ("invoice_consumer", "before commit", "database", "invoice_consumer", COMMIT, "request"),
    ("invoice_consumer", "after commit", "database", "invoice_consumer", COMMIT, "answer"),
    ("order_updater", "before commit", "database", "order_updater", COMMIT, "request"),
    ("order_updater", "after commit", "database", "order_updater", COMMIT, "answer"),
]
_CONSUMERS = ("invoice_consumer", "order_updater")

FAULTS = [
    *(
        fault(
            f"{function} killed {moment}",
            kill_at(service, user, [pattern], when),
            function,
            # What it consumes, or has just published, is the broker's.
            *(["rabbitmq"] if service == "broker" or function in _CONSUMERS else []),
        )
        for function, moment, service, user, pattern, when in _DEATHS
    ),
    fault("outbox_relay killed before it deletes", kill_relay, "emulator", "rabbitmq", "postgres"),
    fault("environment killed at any instant", kill_environment, "environment"),
    fault("create_order out of memory", run_out_of_memory("create_order"), "create_order", "emulator"),
    fault(
        "invoice_consumer out of memory",
        run_out_of_memory("invoice_consumer"),
        *("invoice_consumer", "emulator", "rabbitmq"),
    ),
    fault("mapping killed between invoke and ack", kill_mapping_before_ack, "emulator", "rabbitmq"),
    fault("payments' events wait for their mapping", leave_payments_waiting, "emulator", "rabbitmq"),
    fault("emulator killed", kill_part("emulator"), "emulator"),
    fault("gateway killed", kill_part("gateway"), "gateway"),
    fault("configurator killed", kill_part("configurator"), "gateway"),
    fault("customers' object lost and gateway killed", lose_customers, "gateway"),
    fault("postgres killed", kill_part("postgres"), "postgres"),
    fault("rabbitmq killed with messages queued", kill_loaded_rabbitmq, "rabbitmq", "postgres"),
    fault("rabbitmq restarted in a row", restart_rabbitmq_in_a_row, "rabbitmq"),
]
