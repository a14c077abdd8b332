"""One question for many who ask, and a failure that is not repeated at once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from localregion.console.sources.remembered import Remembered, SourceDownError


def test_who_asks_at_the_same_time_gets_the_same_answer_and_later_a_new_one() -> None:
    asked, now = [], 0.0
    gate = threading.Event()

    def read() -> int:
        gate.wait(10)
        asked.append(1)
        return len(asked)

    async def ask() -> list[int]:
        nonlocal now
        remembered = Remembered(read, for_s=1.0, clock=lambda: now)
        together = [asyncio.create_task(remembered.get()) for _ in range(5)]
        await asyncio.sleep(0)
        gate.set()
        found = [*await asyncio.gather(*together), await remembered.get()]
        now = 1.0
        return [*found, await remembered.get()]

    assert asyncio.run(ask()) == [1, 1, 1, 1, 1, 1, 2]


def test_a_part_that_is_down_is_not_asked_again_at_once() -> None:
    asked = []

    def read() -> None:
        asked.append(1)
        raise SourceDownError("it is down")

    async def ask() -> None:
        remembered = Remembered(read, for_s=1.0, clock=lambda: 0.0)
        for _ in range(3):
            with pytest.raises(SourceDownError, match="it is down"):
                await remembered.get()

    asyncio.run(ask())
    assert len(asked) == 1
