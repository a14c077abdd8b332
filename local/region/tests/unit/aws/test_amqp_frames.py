from __future__ import annotations

import pytest
from pamqp import base, body, commands, frame, header, heartbeat

from localregion.aws.amqp.content import Delivery
from localregion.aws.amqp.frames import FrameReader, FrameSyntaxError


def read(*parts: bytes) -> tuple[list[Delivery], list[base.Frame]]:
    deliveries: list[Delivery] = []
    methods: list[base.Frame] = []
    reader = FrameReader(on_delivery=deliveries.append, on_method=methods.append)
    for part in parts:
        reader.feed(part)
    return deliveries, methods


def delivery(tag: int, *payloads: bytes, redelivered: bool = False) -> bytes:
    size = sum(map(len, payloads))
    properties = commands.Basic.Properties(message_id=str(tag))
    frames = [
        commands.Basic.Deliver("consumer", tag, redelivered, "exchange", "routing.key"),
        header.ContentHeader(0, size, properties),
        *(body.ContentBody(payload) for payload in payloads),
    ]
    return b"".join(frame.marshal(one, 1) for one in frames)


def test_a_delivery_is_put_together_from_its_frames() -> None:
    deliveries, methods = read(delivery(7, b"hello ", b"world", redelivered=True))
    assert [(one.delivery_tag, one.redelivered, one.body) for one in deliveries] == [(7, True, b"hello world")]
    assert methods == []


def test_a_message_without_a_body_is_a_delivery() -> None:
    assert [one.body for one in read(delivery(1))[0]] == [b""]


def test_bytes_may_arrive_one_by_one() -> None:
    stream = delivery(1, b"one") + frame.marshal(heartbeat.Heartbeat(), 0) + delivery(2, b"two", b"2")
    whole = read(stream)
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == whole
    assert [one.body for one in whole[0]] == [b"one", b"two2"]


def test_other_methods_are_handed_on() -> None:
    methods = read(frame.marshal(commands.Basic.ConsumeOk("tag"), 1))[1]
    assert [method.name for method in methods] == ["Basic.ConsumeOk"]


@pytest.mark.parametrize(
    "stream", [b"AMQP\x00\x00\x09\x01", b"HTTP/1.1 400 Bad Request", b"\x08\x00\x00\x00\x00\x00\x00X"]
)
def test_what_is_not_amqp_is_an_error(stream: bytes) -> None:
    with pytest.raises(FrameSyntaxError):
        read(stream)
