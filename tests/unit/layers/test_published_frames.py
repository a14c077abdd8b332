"""The frames of a message are those that pika's own channel would send, and what pika refuses is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pika import BasicProperties, spec
from pika.frame import Body, Header, Method, decode_frame

from rabbitmq import Message
from rabbitmq.messages import frames

FRAME_MAX = 4_096
EVENT = {
    "content_type": "application/json",
    "delivery_mode": 2,
    "message_id": "01a225d8-1ff8-7bb9-8806-79f304e52df3",
    "type": "order.created.v1",
    "headers": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "n": [1, {"deep": True}]},
}


def framed(body: bytes = b"{}", properties: dict[str, Any] = EVENT, routing_key: str = "order.created") -> bytes:
    message = Message(exchange="orders", routing_key=routing_key, body=body, properties=properties)
    return frames(message, channel=1, frame_max=FRAME_MAX)


def read(data: bytes) -> list[Any]:
    found = []
    while data:
        size, frame = decode_frame(data)
        data = data[size:]
        found.append(frame)
    return found


@pytest.mark.parametrize("size", [0, 1, FRAME_MAX - 8, FRAME_MAX - 7, 3 * FRAME_MAX])
def test_a_body_of_any_size_arrives_in_frames_that_the_broker_agreed_to(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    method, header, *parts = read(framed(body))

    assert isinstance(method, Method)
    assert isinstance(method.method, spec.Basic.Publish)
    assert (method.method.exchange, method.method.routing_key, method.method.mandatory) == (
        "orders",
        "order.created",
        True,
    )
    assert isinstance(header, Header)
    assert header.body_size == size
    assert header.properties == BasicProperties(**EVENT)
    assert b"".join(part.fragment for part in parts) == body
    assert all(isinstance(part, Body) and len(part.marshal()) <= FRAME_MAX for part in parts)


def test_messages_of_other_routing_keys_do_not_share_what_is_encoded_once() -> None:
    keys = [read(framed(routing_key=key))[0].method.routing_key for key in ("a", "b", "a")]
    assert keys == ["a", "b", "a"]


def test_properties_that_no_frame_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit into a frame of 4096"):
        framed(properties={"headers": {"long": "x" * FRAME_MAX}})


@pytest.mark.parametrize("properties", [{"no_such_property": 1}, {"headers": {"huge": 2**70}}, {"priority": "9"}])
def test_properties_that_pika_cannot_encode_are_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r".+"):
        framed(properties=properties)
