"""A message, and the frames that publish it: basic.publish, its properties, its body in as many frames as it takes.

pika encodes, which decides what can be published. What messages have in common is encoded once, not for each.
https://www.rabbitmq.com/amqp-0-9-1-reference
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rabbitmq.lean_pika import Basic, BasicProperties, Header, Method

# A frame's type, channel and size before its payload, and the octet after it.
_FRAME_HEAD = struct.Struct(">BHL")
_BODY, _END = 3, b"\xce"
_FRAME_OVERHEAD = _FRAME_HEAD.size + len(_END)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to publish and where. `properties` have their AMQP names (`content_type`, `type`, `headers`, …), and
    `timestamp` is in seconds since 1970."""

    exchange: str
    routing_key: str
    body: bytes
    properties: dict[str, Any]


def frames(message: Message, *, channel: int, frame_max: int) -> bytes:
    """Raises what pika raises over properties that it cannot encode, ValueError over such that no frame holds."""
    header: bytes = Header(channel, len(message.body), BasicProperties(**message.properties)).marshal()
    if len(header) > frame_max:
        raise ValueError(f"{len(header)} bytes of properties do not fit into a frame of {frame_max}")
    publish = _publish(message.exchange, message.routing_key, channel)
    return b"".join([publish, header, *_body(message.body, channel, frame_max - _FRAME_OVERHEAD)])


@lru_cache(maxsize=64)
def _publish(exchange: str, routing_key: str, channel: int) -> bytes:
    method = Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True)
    frame: bytes = Method(channel, method).marshal()
    return frame


def _body(body: bytes, channel: int, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        part = body[at : at + size]
        yield _FRAME_HEAD.pack(_BODY, channel, len(part))
        yield part
        yield _END
