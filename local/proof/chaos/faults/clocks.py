"""Processes that stand still longer than RabbitMQ waits for a heartbeat, and go on as if nothing had happened.

RabbitMQ drops a connection after two missed heartbeats; the nemesis has it ask for one every few seconds.
"""

from __future__ import annotations

import random
import threading

from proof.chaos.fault import fault
from proof.chaos.world import NotBittenError, World

HEARTBEAT_S = 2
_FROZEN_S = 3.5 * HEARTBEAT_S


def frozen_function(world: World, chance: random.Random) -> str:
    """An environment of create_order between two invocations, as Lambda freezes it, or within one."""
    for _ in range(50):
        environments = [env for env in world.environments("create_order") if env["pid"]]
        if environments:
            # The longest idle one is the least likely to be invoked while it stands still.
            idle = max(environments, key=lambda env: env["idleSeconds"] or 0)
            with world.frozen(idle["pid"]):
                threading.Event().wait(_FROZEN_S)
            return f"stood still for {_FROZEN_S:.0f} s, {idle['state']}"
        threading.Event().wait(0.1)
    raise NotBittenError("there is no environment")


def frozen_mapping(world: World, chance: random.Random) -> str:
    """The emulator stands still: the broker hangs up on its mappings and gives their messages to the next ones."""
    pid = world.pid("emulator")
    with world.frozen(pid):
        threading.Event().wait(_FROZEN_S)
    world.until(world.is_healthy, "the emulator did not come back")
    return f"stood still for {_FROZEN_S:.0f} s"


FAULTS = [
    fault("function frozen beyond the heartbeat", frozen_function, "create_order"),
    fault("mapping frozen beyond the heartbeat", frozen_mapping, "emulator", "rabbitmq", "postgres"),
]
