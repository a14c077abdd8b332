"""Inject faults, one or several at once, in an order that the seed decides.

The seed decides which faults come together, in which order and with which parameters. When exactly one bites depends on
the machine. Two faults that touch the same thing never come together.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from proof.chaos.fault import Fault
from proof.chaos.history import Injection
from proof.chaos.world import World

AT_ONCE_MAX = 3
_CALM_MAX_S = 3.0


def rounds(faults: Mapping[str, Fault], seed: int) -> Iterator[list[Fault]]:
    """Yield groups of faults for ever, one pass after the other."""
    chance = random.Random(f"{seed}/order")
    while True:
        yield from one_pass(faults, chance)


def one_pass(faults: Mapping[str, Fault], chance: random.Random) -> Iterator[list[Fault]]:
    """Yield groups in which every fault comes once, in an order and company of chance."""
    left = sorted(faults)
    chance.shuffle(left)
    while left:
        group = [faults[left.pop()]]
        for _ in range(chance.randrange(AT_ONCE_MAX)):
            fitting = next((name for name in left if _fits(faults[name], group)), None)
            if fitting is not None:
                left.remove(fitting)
                group.append(faults[fitting])
        yield group


def inject_together(group: Sequence[Fault], world: World, *, seed: str) -> list[Exception]:
    """Inject all faults of a group at once; returns what did not work. Each is noted in the history."""
    with ThreadPoolExecutor(len(group)) as threads:
        injected = [threads.submit(_inject, each, world, f"{seed}/{each.name}") for each in group]
    return [error for each in injected if (error := each.exception()) is not None and isinstance(error, Exception)]


def torment(world: World, faults: Mapping[str, Fault], *, seed: int, is_over: threading.Event) -> list[Exception]:
    """Inject round after round until it is over; returns what did not work."""
    failures: list[Exception] = []
    chance = random.Random(f"{seed}/calm")
    for number, group in enumerate(rounds(faults, seed)):
        if is_over.wait(chance.uniform(0, _CALM_MAX_S)):
            return failures
        failures += inject_together(group, world, seed=f"{seed}/{number}")
    return failures


def _fits(fault: Fault, group: Sequence[Fault]) -> bool:
    return not any(fault.touches & other.touches for other in group)


def _inject(fault: Fault, world: World, seed: str) -> None:
    began_s = world.history.now()
    evidence = "no effect"
    try:
        evidence = fault.inject(world, random.Random(seed))
    except Exception as error:
        error.add_note(f"fault: {fault.name}")
        evidence = f"{type(error).__name__}: {error}"
        raise
    finally:
        injection = Injection(fault=fault.name, began_s=began_s, ended_s=world.history.now(), evidence=evidence)
        world.history.add_injection(injection)
