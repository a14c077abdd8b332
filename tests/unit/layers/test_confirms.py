"""Acks are read as pika reads them, whatever stands between them and wherever what arrives is cut."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from pika.frame import Heartbeat, Method, decode_frame
from pika.spec import Basic

from rabbitmq.confirms import Ack, leading_acks

TAGS = some.integers(min_value=0, max_value=2**64 - 1)
ACKS = some.builds(lambda tag, multiple: Method(1, Basic.Ack(tag, multiple)).marshal(), TAGS, some.booleans())
OTHERS = some.one_of(
    some.builds(lambda tag: Method(1, Basic.Nack(tag)).marshal(), TAGS),
    some.builds(lambda tag: Method(2, Basic.Ack(tag)).marshal(), TAGS),
    some.builds(lambda: Method(1, Basic.Return(312, "NO_ROUTE", "orders", "x")).marshal()),
    some.builds(lambda: Heartbeat().marshal()),
)


def whole_frames(data: bytes) -> list[Any]:
    found = []
    while data:
        size, frame = decode_frame(data)
        if frame is None:
            break
        data = data[size:]
        found.append(frame)
    return found


@given(some.lists(ACKS), some.lists(some.one_of(ACKS, OTHERS)), some.integers(min_value=0))
def test_the_leading_acks_are_those_that_pika_finds(first: list[bytes], others: list[bytes], cut: int) -> None:
    data = b"".join([*first, *others])
    data = data[: cut % (len(data) + 1)]

    acks, rest = leading_acks(data, channel=1)

    assert [(ack.delivery_tag, ack.multiple) for ack in acks] + answers(rest) == answers(data)
    assert [ack for ack in acks if not isinstance(ack, Ack)] == []
    assert rest == data[len(acks) * 21 :]
    following = whole_frames(rest)[:1]
    assert not any(frame.channel_number == 1 and isinstance(frame.method, Basic.Ack) for frame in methods(following))


def methods(frames: list[Any]) -> list[Any]:
    return [frame for frame in frames if isinstance(frame, Method)]


def answers(data: bytes) -> list[tuple[int, bool]]:
    """Delivery tag and `multiple` of the acks of channel 1."""
    return [
        (frame.method.delivery_tag, bool(frame.method.multiple))
        for frame in methods(whole_frames(data))
        if frame.channel_number == 1 and isinstance(frame.method, Basic.Ack)
    ]


def test_an_ack_without_its_frame_end_is_left_for_pika_to_refuse() -> None:
    broken = Method(1, Basic.Ack(7)).marshal()[:-1] + b"\x00"
    assert leading_acks(broken, channel=1) == ([], broken)
