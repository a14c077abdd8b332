"""When environments are looked at; that they are killed is tested with real ones."""

from __future__ import annotations

import asyncio
import time

import pytest

from localregion.aws.lambda_.environments.memory_limit import MemoryLimit


@pytest.mark.parametrize(("takes_s", "looked"), [(0, (2, 9)), (0.02, (1, 1))])
def test_looking_takes_at_most_a_fiftieth_of_the_time(takes_s: float, looked: tuple[int, int]) -> None:
    times = 0

    def environments() -> list[object]:
        nonlocal times
        times += 1
        time.sleep(takes_s)
        return []

    async def scenario() -> None:
        limit = MemoryLimit(environments)  # type: ignore[arg-type]
        limit.enforce()
        await asyncio.sleep(0.4)
        limit.stop()
        seen = times
        await asyncio.sleep(0.1)
        assert times == seen

    asyncio.run(scenario())
    assert looked[0] <= times <= looked[1]
