"""Cut AMQP 0-9-1 frames out of a byte stream and put deliveries together.

Pure: bytes in, one callback per delivery and one per other method. Deliveries are taken apart here and not by pamqp.
They are nearly all that a consumer receives, and an object per frame would cost more than everything else.
https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf (4.2.3 General Frame Format, 4.2.6 Content Framing).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from pamqp import base, frame

from localregion.aws.amqp.content import Delivery

_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_FRAME = struct.Struct(">BHI")
_FRAME_END = 0xCE
_BASIC_DELIVER = struct.pack(">HH", 60, 60)
_TAG_AND_FLAGS = struct.Struct(">QB")
_BODY_SIZE = struct.Struct(">xxxxQ")
_PROPERTIES_AT = 12


class FrameSyntaxError(Exception):
    """The bytes received are not AMQP frames."""


class FrameReader:
    """The receiving end of one connection with one channel; `feed` it what arrives."""

    def __init__(self, *, on_delivery: Callable[[Delivery], None], on_method: Callable[[base.Frame], None]) -> None:
        self._on_delivery = on_delivery
        self._on_method = on_method
        self._rest = b""
        self._delivery_tag = 0
        self._redelivered = False
        self._properties = b""
        self._body: list[bytes] = []
        self._body_missing = 0

    def feed(self, data: bytes) -> None:
        """Handle every whole frame and keep the rest for the next time."""
        if self._rest:
            data = self._rest + data
        offset, received = 0, len(data)
        while received - offset > _FRAME.size:
            kind, _, size = _FRAME.unpack_from(data, offset)
            payload_at = offset + _FRAME.size
            end = payload_at + size
            if kind not in (_METHOD, _HEADER, _BODY, _HEARTBEAT):
                raise FrameSyntaxError(f"a frame starts with {data[offset : offset + 8]!r}")
            if end >= received:
                break
            if data[end] != _FRAME_END:
                raise FrameSyntaxError("a frame has no end octet")
            self._handle(kind, data, payload_at, end)
            offset = end + 1
        self._rest = data[offset:]

    def _handle(self, kind: int, data: bytes, start: int, end: int) -> None:
        if kind == _BODY:
            self._add_body(data[start:end])
        elif kind == _HEADER:
            self._body_missing = _BODY_SIZE.unpack_from(data, start)[0]
            self._properties = data[start + _PROPERTIES_AT : end]
            if not self._body_missing:
                self._add_body(b"")
        elif data[start : start + 4] == _BASIC_DELIVER:
            consumer_tag_end = start + 5 + data[start + 4]
            self._delivery_tag, flags = _TAG_AND_FLAGS.unpack_from(data, consumer_tag_end)
            self._redelivered = bool(flags & 1)
        elif kind == _METHOD:
            method = frame.unmarshal(data[start - _FRAME.size : end + 1])[2]
            assert isinstance(method, base.Frame)  # noqa: S101 - the type of the frame says so
            self._on_method(method)

    def _add_body(self, part: bytes) -> None:
        self._body.append(part)
        self._body_missing -= len(part)
        if self._body_missing > 0:
            return
        body = part if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._on_delivery(Delivery(self._delivery_tag, self._redelivered, self._properties, body))
