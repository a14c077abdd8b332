"""AMQP 0-9-1 as a publisher needs it: log in, open a channel, put it in confirm mode, publish, read confirms.

https://www.rabbitmq.com/docs/confirms. The frames are pamqp's; the socket and its deadline are ours, because no
blocking client can bound a publish to a broker that hangs (`docs/decisions/0003-publishing-with-a-deadline.md`).
Left out: consuming, more than one channel, sending heartbeats (a Lambda environment is frozen between invocations:
the broker drops the connection, and the publisher finds out before it publishes).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pamqp import body, commands, frame, header, heartbeat

from rabbitmq.deadline import Deadline, DeadlineSocket
from rabbitmq.errors import NackedError, PublishError, RefusedError, UnconfirmedError, UnroutableError

CHANNEL = 1
FRAME_OVERHEAD_BYTES = 8
CLIENT_PROPERTIES: dict[str, Any] = {
    "product": "serverless-orders",
    "capabilities": {
        "publisher_confirms": True,
        "basic.nack": True,
        "connection.blocked": True,
        "authentication_failure_close": True,
    },
}

F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to publish and where. `properties` have their AMQP names (`content_type`, `type`, `headers`, …), and
    `timestamp` is in seconds since 1970."""

    exchange: str
    routing_key: str
    body: bytes
    properties: dict[str, Any]


class ClosedByBrokerError(ConnectionError):
    """The broker closed the connection; the message is its own reply text."""


class ChannelClosedError(ConnectionError):
    """The broker closed the channel over something that we sent; the message is its own reply text."""


class PublisherConnection:
    """One connection with one channel in confirm mode. Every OSError that comes out means: throw it away."""

    def __init__(
        self, host: str, port: int, *, tls: bool, virtual_host: str, username: str, password: str, deadline: Deadline
    ) -> None:
        self._received = bytearray()
        self._last_tag = 0
        self.is_blocked = False
        self.is_closed = False
        self._socket = DeadlineSocket(host, port, tls=tls, deadline=deadline)
        try:
            self._open(virtual_host, username=username, password=password, deadline=deadline)
        except BaseException:
            self._socket.close()
            raise

    def publish(self, messages: Sequence[Message], deadline: Deadline) -> list[PublishError | None]:
        """Publish all, wait for all confirms; one outcome for each message, None for confirmed.

        Raises OSError when sending fails; once all is sent, what is not known is an UnconfirmedError.
        """
        outcomes: dict[int, PublishError | None] = {}
        pending: dict[int, int] = {}
        frames: list[bytes] = []
        for index, message in enumerate(messages):
            try:
                frames.append(self._frames(message))
            except Exception as error:
                # Whatever a message does to the encoder: it stays behind, its neighbours go.
                outcomes[index] = RefusedError(f"cannot be encoded: {type(error).__name__}: {error}")
            else:
                self._last_tag += 1
                pending[self._last_tag] = index
        self._socket.send(b"".join(frames), deadline)
        try:
            self._collect(pending, outcomes, messages=messages, deadline=deadline)
        except OSError as error:
            self.close()
            kind = RefusedError if isinstance(error, ChannelClosedError) else UnconfirmedError
            outcomes.update({index: kind(str(error)) for index in pending.values()})
        return [outcomes[index] for index in range(len(messages))]

    def is_usable(self, deadline: Deadline) -> bool:
        """Read what the broker said while nobody listened; False when it has gone or does not accept messages."""
        if self.is_closed:
            return False
        try:
            while self._socket.has_input():
                self._received += self._socket.receive(deadline)
                while self._buffered():
                    self._next(deadline)
        except OSError:
            return False
        return not self.is_blocked

    def close(self) -> None:
        self.is_closed = True
        self._socket.close()

    def _open(self, virtual_host: str, *, username: str, password: str, deadline: Deadline) -> None:
        self._socket.send(header.ProtocolHeader().marshal(), deadline)
        self._expect(commands.Connection.Start, deadline)
        response = f"\0{username}\0{password}"
        self._send(commands.Connection.StartOk(CLIENT_PROPERTIES, "PLAIN", response, "en_US"), deadline, channel=0)
        tune = self._expect(commands.Connection.Tune, deadline)
        self._body_bytes_max = (tune.frame_max or 131_072) - FRAME_OVERHEAD_BYTES
        tune_ok = commands.Connection.TuneOk(tune.channel_max, tune.frame_max, tune.heartbeat)
        self._send(tune_ok, deadline, channel=0)
        self._send(commands.Connection.Open(virtual_host=virtual_host), deadline, channel=0)
        self._expect(commands.Connection.OpenOk, deadline)
        self._send(commands.Channel.Open(), deadline)
        self._expect(commands.Channel.OpenOk, deadline)
        self._send(commands.Confirm.Select(), deadline)
        self._expect(commands.Confirm.SelectOk, deadline)

    def _collect(
        self,
        pending: dict[int, int],
        outcomes: dict[int, PublishError | None],
        *,
        messages: Sequence[Message],
        deadline: Deadline,
    ) -> None:
        """Move each delivery tag from `pending` (tag to index of the message) to `outcomes` as the broker answers."""
        returned: set[tuple[Any, Any, Any]] = set()
        while pending:
            answer = self._next(deadline)
            if isinstance(answer, commands.Basic.Return):
                properties = self._expect(header.ContentHeader, deadline).properties
                returned.add((answer.exchange, answer.routing_key, properties.message_id))
            elif isinstance(answer, commands.Basic.Ack | commands.Basic.Nack):
                for tag in _tags(answer, pending):
                    # A message that cannot be routed is returned first and then acked all the same.
                    index = pending.pop(tag)
                    outcomes[index] = _outcome(answer, messages[index], returned)
            elif self.is_blocked:
                raise ConnectionError("the broker has blocked publishing (memory or disk alarm)")

    def _frames(self, message: Message) -> bytes:
        publish = commands.Basic.Publish(exchange=message.exchange, routing_key=message.routing_key, mandatory=True)
        content = header.ContentHeader(body_size=len(message.body), properties=_properties(message.properties))
        step = self._body_bytes_max
        chunks = [message.body[at : at + step] for at in range(0, len(message.body), step)]
        frames: list[Any] = [publish, content, *map(body.ContentBody, chunks)]
        return b"".join(frame.marshal(each, CHANNEL) for each in frames)

    def _send(self, method: Any, deadline: Deadline, *, channel: int = CHANNEL) -> None:
        self._socket.send(frame.marshal(method, channel), deadline)

    def _expect(self, kind: type[F], deadline: Deadline) -> F:
        while True:
            answer = self._next(deadline)
            if isinstance(answer, kind):
                return answer
            if not isinstance(answer, heartbeat.Heartbeat | commands.Connection.Blocked | body.ContentBody):
                raise ConnectionError(f"unexpected {getattr(answer, 'name', answer)} from the broker")

    def _next(self, deadline: Deadline) -> Any:
        while not (size := self._buffered()):
            self._received += self._socket.receive(deadline)
        _, _, value = frame.unmarshal(bytes(self._received[:size]))
        del self._received[:size]
        if isinstance(value, commands.Connection.Close):
            raise ClosedByBrokerError(f"{value.reply_code} {value.reply_text}")
        if isinstance(value, commands.Channel.Close):
            raise ChannelClosedError(f"{value.reply_code} {value.reply_text}")
        if isinstance(value, commands.Connection.Blocked | commands.Connection.Unblocked):
            self.is_blocked = isinstance(value, commands.Connection.Blocked)
        return value

    def _buffered(self) -> int:
        """The size of the first frame if it has arrived whole, else 0."""
        if len(self._received) < FRAME_OVERHEAD_BYTES:
            return 0
        if self._received.startswith(b"AMQP"):
            raise ConnectionError("the broker speaks another version of AMQP")
        size = int.from_bytes(self._received[3:7], "big") + FRAME_OVERHEAD_BYTES
        return size if len(self._received) >= size else 0


def _properties(properties: dict[str, Any]) -> commands.Basic.Properties:
    names = {("message_type" if name == "type" else name): value for name, value in properties.items()}
    if "timestamp" in names:
        names["timestamp"] = time.gmtime(names["timestamp"])
    return commands.Basic.Properties(**names)


def _tags(answer: commands.Basic.Ack | commands.Basic.Nack, pending: dict[int, int]) -> list[int]:
    if not answer.multiple:
        return [answer.delivery_tag] if answer.delivery_tag in pending else []
    return [tag for tag in pending if tag <= (answer.delivery_tag or 0)]


def _outcome(answer: Any, message: Message, returned: set[tuple[Any, Any, Any]]) -> PublishError | None:
    if isinstance(answer, commands.Basic.Nack):
        return NackedError("basic.nack")
    if (message.exchange, message.routing_key, message.properties.get("message_id")) in returned:
        return UnroutableError(f"no queue is bound to {message.exchange!r} for {message.routing_key!r}")
    return None
