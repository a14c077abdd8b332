"""When environments are looked at; that they are killed is tested with real ones."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from localregion.aws.lambda_.environments.memory_limit import MemoryLimit


@pytest.mark.parametrize(("takes_s", "pause_s"), [(0, 0.05), (0.004, 0.2)])
def test_looking_takes_at_most_a_fiftieth_of_the_time(takes_s: float, pause_s: float) -> None:
    looked: list[float] = []

    def environments() -> list[object]:
        looked.append(time.monotonic())
        until = time.thread_time() + takes_s
        while time.thread_time() < until:
            pass
        return []

    async def scenario() -> None:
        limit = MemoryLimit(environments)  # type: ignore[arg-type]
        limit.enforce()
        async with asyncio.timeout(10):
            while len(looked) < 3:
                await asyncio.sleep(0.01)
        limit.stop()
        await asyncio.sleep(0.1)

    asyncio.run(scenario())
    assert len(looked) == 3
    assert min(later - before for before, later in itertools.pairwise(looked)) >= pause_s
