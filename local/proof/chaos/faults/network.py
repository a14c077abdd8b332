"""The network between functions and services: refused, reset, black hole, slow, cut in the middle of a frame."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from proof.chaos.fault import Fault, fault
from proof.chaos.proxy import Link
from proof.chaos.world import NotBittenError, World

# Longer than any function waits for the service, so that all of them find out.
_DATABASE_S = 6.0
_BROKER_S = 2.0


def _link(world: World, service: str) -> Link:
    return world.database if service == "postgres" else world.broker


def _hold(service: str, chance: random.Random) -> None:
    """The length of a network fault is the fault."""
    longest = _DATABASE_S if service == "postgres" else _BROKER_S
    threading.Event().wait(chance.uniform(0.5, 1) * longest)


def refused(service: str) -> Callable[[World, random.Random], str]:
    def inject(world: World, chance: random.Random) -> str:
        link = _link(world, service)
        open_before = link.connection_count
        link.refuse()
        try:
            _hold(service, chance)
        finally:
            link.heal()
        world.until(lambda: link.connection_count > 0, "no client connected again", timeout_s=30)
        return f"{open_before} connections lost"

    return inject


def reset(service: str) -> Callable[[World, random.Random], str]:
    def inject(world: World, chance: random.Random) -> str:
        link = _link(world, service)
        world.until(lambda: link.connection_count > 0, "there is no connection", timeout_s=30)
        count = sum(link.reset() for _ in range(chance.randint(1, 3)))
        if count == 0:
            raise NotBittenError("there was no connection to reset")
        return f"{count} connections reset"

    return inject


def black_hole(service: str) -> Callable[[World, random.Random], str]:
    def inject(world: World, chance: random.Random) -> str:
        link = _link(world, service)
        before = link.chunks_held
        link.black_hole()
        try:
            world.until(lambda: link.chunks_held > before, "no data was sent", timeout_s=30)
            _hold(service, chance)
        finally:
            late = chance.random() < 0.5
            link.heal(deliver_late=late)
        return f"{link.chunks_held - before} chunks {'late' if late else 'lost'}"

    return inject


def slow(service: str) -> Callable[[World, random.Random], str]:
    def inject(world: World, chance: random.Random) -> str:
        link = _link(world, service)
        before = link.chunks_delayed
        link.slow(chance.uniform(0.05, 0.3))
        try:
            world.until(lambda: link.chunks_delayed > before + 5, "no data was sent", timeout_s=30)
            _hold(service, chance)
        finally:
            link.heal()
        return f"{link.chunks_delayed - before} chunks delayed"

    return inject


def cut(service: str) -> Callable[[World, random.Random], str]:
    def inject(world: World, chance: random.Random) -> str:
        link = _link(world, service)
        before, times = link.cuts_made, chance.randint(1, 4)
        link.cut(times)
        try:
            world.until(lambda: link.cuts_made >= before + times, "no data was sent", timeout_s=30)
        finally:
            link.heal()
        return f"{times} connections cut in the middle of a frame"

    return inject


FAULTS: list[Fault] = [
    fault(f"{service} {name}", make(service), service)
    for service in ("postgres", "rabbitmq")
    for name, make in (
        ("refuses connections", refused),
        ("connections reset", reset),
        ("in a black hole", black_hole),
        ("slow", slow),
        ("cut in the middle of a frame", cut),
    )
]
