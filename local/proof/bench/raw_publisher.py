"""Confirmed publishing with as little as AMQP allows: one socket, frames built once, only ids and bodies put in.

What `create_order`'s publish is compared with, and what fills the queue for the consumer. No deadline, no reconnect,
no returned messages: https://www.rabbitmq.com/docs/confirms for everything that a real publisher has to do.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from pamqp import base, commands, frame, header

from outbox import uuid7

_CHANNEL = 1
_FRAME_OVERHEAD = 8
_PLACEHOLDER = str(uuid.UUID(int=0))
_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_SIZE_PLACEHOLDER = 0x0123456789ABCDEF


class RawPublisher:
    """One connection, one channel in confirm mode."""

    def __init__(self, endpoint: str, *, login: Mapping[str, str], exchange: str, routing_key: str) -> None:
        address = urlsplit(endpoint)
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._confirmed = self._published = 0
        self._open(login["username"], login["password"])
        publish = commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True)
        properties = commands.Basic.Properties(
            content_type="application/json",
            delivery_mode=2,
            message_id=_PLACEHOLDER,
            message_type="order.created.v1",
            headers={"traceparent": _TRACEPARENT},
        )
        content = header.ContentHeader(body_size=_SIZE_PLACEHOLDER, properties=properties)
        self._template = frame.marshal(publish, _CHANNEL) + frame.marshal(content, _CHANNEL)

    def __enter__(self) -> RawPublisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def frames(self, body: bytes) -> bytes:
        """One message, ready to send: `body` has to fit into one frame."""
        head = self._template.replace(_PLACEHOLDER.encode(), str(uuid7()).encode())
        head = head.replace(_SIZE_PLACEHOLDER.to_bytes(8, "big"), len(body).to_bytes(8, "big"))
        return head + b"\x03\x00\x01" + len(body).to_bytes(4, "big") + body + b"\xce"

    def publish(self, messages: Iterable[bytes]) -> None:
        """Send all these frames, and return when the broker has confirmed every one."""
        batch = list(messages)
        self._published += len(batch)
        self._socket.sendall(b"".join(batch))
        while self._confirmed < self._published:
            answer = self._next()
            if isinstance(answer, commands.Basic.Ack):
                tag = answer.delivery_tag or 0
                self._confirmed = tag if answer.multiple else self._confirmed + 1
            elif not isinstance(answer, commands.Connection.Unblocked):
                raise ConnectionError(f"{answer} instead of a confirm")

    def _open(self, username: str, password: str) -> None:
        self._socket.sendall(header.ProtocolHeader().marshal())
        self._next()
        self._send(commands.Connection.StartOk({}, "PLAIN", f"\0{username}\0{password}", "en_US"), channel=0)
        tune = self._next()
        self._send(commands.Connection.TuneOk(tune.channel_max, tune.frame_max, 0), channel=0)
        for method, channel in (
            (commands.Connection.Open(virtual_host="/"), 0),
            (commands.Channel.Open(), _CHANNEL),
            (commands.Confirm.Select(), _CHANNEL),
        ):
            self._send(method, channel=channel)
            self._next()

    def _send(self, method: base.Frame, *, channel: int) -> None:
        self._socket.sendall(frame.marshal(method, channel))

    def _next(self) -> Any:
        while True:
            if len(self._received) >= _FRAME_OVERHEAD:
                size = int.from_bytes(self._received[3:7], "big") + _FRAME_OVERHEAD
                if len(self._received) >= size:
                    answer = frame.unmarshal(self._received[:size])[2]
                    self._received = self._received[size:]
                    return answer
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionError("closed by the broker")
            self._received += data
