"""Spans that nobody has looked at: how many are kept, and that all are read before the API answers."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

from unit.console.spans import otlp_span, span_id

from localregion.console.traces import otlp
from localregion.console.traces.span import Span
from localregion.console.traces.unread import UnreadSpans


def body(number: int, name: str = "name") -> bytes:
    spans: Any = [otlp_span(number, name=name)]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def read(*bodies: bytes, **bounds: int) -> list[str]:
    kept: list[Span] = []
    unread = UnreadSpans(kept.extend, **bounds)
    for each in bodies:
        unread.add(otlp.decode, each)
    asyncio.run(unread.catch_up())
    assert (len(unread), unread.size_bytes) == (0, 0)
    return [span.span_id for span in kept]


def test_all_are_read_in_the_order_in_which_they_came() -> None:
    assert read(*map(body, range(1, 500))) == [span_id(number) for number in range(1, 500)]


def test_the_oldest_make_room() -> None:
    size = 4 * (len(body(10)) + 200)
    assert read(*map(body, range(10, 30)), size_max_bytes=size) == [span_id(number) for number in range(26, 30)]


def test_what_comes_while_others_are_read_waits_for_the_next_time() -> None:
    kept: list[Span] = []

    def keep(spans: Any) -> None:
        kept.extend(spans)
        if len(kept) < 1_000:
            unread.add(otlp.decode, body(len(kept) + 1))

    unread = UnreadSpans(keep)
    unread.add(otlp.decode, body(1))
    asyncio.run(unread.catch_up())
    assert (len(kept), len(unread)) == (1, 1)


def test_others_go_on_while_much_is_read() -> None:
    async def turns() -> int:
        unread, count = UnreadSpans(list), 0
        for number in range(1, 2_000):
            unread.add(otlp.decode, body(number))
        reading = asyncio.ensure_future(unread.catch_up())
        while not reading.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(turns()) > 3


def test_memory_stays_within_what_is_counted() -> None:
    unread = UnreadSpans(list, size_max_bytes=1_000_000)
    tracemalloc.start()
    try:
        for number in range(1, 20_000):
            unread.add(otlp.decode, body(number, "x" * (number % 500)))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(unread) > 1_000
    assert used <= unread.size_bytes <= 1_000_000
