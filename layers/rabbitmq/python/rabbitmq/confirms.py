"""basic.ack frames at the start of what arrived: what a broker mostly says to a publisher, thousands at a time.

pika's general way copies all that has arrived once a frame, and looks for its callbacks each time.
https://www.rabbitmq.com/amqp-0-9-1-reference#basic.ack
"""

from __future__ import annotations

import struct
from typing import NamedTuple

# Frame type, channel, size, class, method, delivery tag, bits of which the first is `multiple`, frame end.
_ACK = struct.Struct(">BHLHHQBB")
_METHOD, _SIZE, _BASIC, _BASIC_ACK, _END = 1, 13, 60, 80, 0xCE


class Ack(NamedTuple):
    """Confirms one message, or all up to it."""

    delivery_tag: int
    multiple: bool


def leading_acks(data: bytes, *, channel: int) -> tuple[list[Ack], bytes]:
    """Return the acks of the channel that the data begins with, and the rest: it may be a part of a frame."""
    acks, at = [], 0
    expected = (_METHOD, channel, _SIZE, _BASIC, _BASIC_ACK)
    while at + _ACK.size <= len(data):
        *head, tag, bits, end = _ACK.unpack_from(data, at)
        if (*head,) != expected or end != _END:
            break
        acks.append(Ack(tag, bool(bits & 1)))
        at += _ACK.size
    return acks, data[at:]
