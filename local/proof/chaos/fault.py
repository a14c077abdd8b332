"""What a fault is, to the nemesis that injects it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from proof.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`inject` breaks something, waits until it has shown an effect, heals it and returns how it showed.

    It raises NotBittenError when nothing happened. `touches` names what must not be broken twice at a time. It
    leaves nothing broken behind, also when it fails.
    """

    name: str
    touches: frozenset[str]
    inject: Callable[[World, random.Random], str]


def fault(name: str, inject: Callable[[World, random.Random], str], *touches: str) -> Fault:
    return Fault(name=name, touches=frozenset(touches), inject=inject)
