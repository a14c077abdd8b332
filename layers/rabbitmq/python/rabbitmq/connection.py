"""A connection for publishing: log in, open a channel in confirm mode, publish a batch, read its confirms.

https://www.rabbitmq.com/docs/confirms. All messages of a batch are sent before the first confirm is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from rabbitmq.confirms import leading_acks
from rabbitmq.errors import (
    BlockedError,
    ConnectionLostError,
    NackedError,
    PublishError,
    RefusedError,
    UnconfirmedError,
    UnroutableError,
)
from rabbitmq.lean_pika import Basic, ConnectionParameters, PlainCredentials
from rabbitmq.messages import Message, frames
from rabbitmq.protocol import ClosedByBrokerError, Protocol
from sockets import Deadline, Stream

# Frame, syntax, command, channel, unexpected frame, not allowed, not implemented: the broker closes the connection over
# what it was sent. 320 (forced), 506 (resources) and 541 (internal) may have nothing to do with it.
# https://www.rabbitmq.com/amqp-0-9-1-reference#constants
REFUSALS = frozenset({501, 502, 503, 504, 505, 530, 540})


class ChannelClosedError(ClosedByBrokerError):
    """The broker closed the channel over something that we sent."""


class PublisherConnection:
    """One connection with one channel in confirm mode. What its opening raises is an OSError or pika's."""

    def __init__(
        self, host: str, port: int, *, tls: bool, virtual_host: str, username: str, password: str, deadline: Deadline
    ) -> None:
        self._channel: Any = None
        self._is_ready = False
        self._is_closed = False
        self._last_tag = 0
        self._batch = _Batch([])
        parameters = ConnectionParameters(
            host=host, port=port, virtual_host=virtual_host, credentials=PlainCredentials(username, password)
        )
        stream = Stream(host, port, tls=tls, deadline=deadline)
        try:
            self._protocol = Protocol(parameters, stream=stream, on_open=self._on_open)
            self._protocol.run_until(lambda: self._is_ready, deadline)
        except BaseException:
            stream.close()
            raise

    def publish(self, messages: Sequence[Message], deadline: Deadline) -> list[PublishError | None]:
        """Publish all, wait for all confirms; one outcome for each message, None for confirmed."""
        self._batch = batch = _Batch(messages)
        for index in range(len(messages)):
            self._write(index)
        try:
            self._protocol.run_until(lambda: not batch.pending or self._protocol.is_blocked, deadline)
            if batch.pending:
                raise BlockedError("the broker has blocked publishing (memory or disk alarm)")
        except Exception as error:
            # Also what pika cannot read: the stream is of no use after it.
            self.close()
            batch.end(error)
        return [batch.outcomes[index] for index in range(len(messages))]

    def is_usable(self, deadline: Deadline) -> bool:
        """Read what the broker sent between publishes; False when it has gone or does not accept messages."""
        if self._is_closed:
            return False
        try:
            self._protocol.take_arrived(deadline)
        except Exception:
            return False
        return not self._protocol.is_blocked

    def close(self) -> None:
        self._is_closed = True
        self._protocol.hang_up()

    def _write(self, index: int) -> None:
        message = self._batch.messages[index]
        try:
            written = frames(message, channel=self._channel.channel_number, frame_max=self._protocol.frame_max)
        except Exception as error:
            # A message that cannot be encoded is refused alone; the others are published.
            self._batch.outcomes[index] = RefusedError(f"cannot be encoded: {type(error).__name__}: {error}")
            return
        self._protocol.write(written)
        self._last_tag += 1
        self._batch.pending[self._last_tag] = index

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirming)

    def _on_confirming(self, _frame: Any) -> None:
        self._is_ready = True
        self._protocol.read_first = self._take_acks

    def _on_channel_closed(self, _channel: Any, reason: Any) -> None:
        self._protocol.failure = ChannelClosedError(reason.reply_code, reason.reply_text)

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        self._batch.returned.add((method.exchange, method.routing_key, properties.message_id))

    def _on_confirm(self, frame: Any) -> None:
        self._batch.confirm(frame.method)

    def _take_acks(self, data: bytes) -> bytes:
        acks, rest = leading_acks(data, channel=self._channel.channel_number)
        for ack in acks:
            self._batch.confirm(ack)
        return rest


class _Batch:
    """What became of each message, by its index; `pending` has the index of each delivery tag without an answer."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.pending: dict[int, int] = {}
        self.outcomes: dict[int, PublishError | None] = {}
        self.returned: set[tuple[str, str, Any]] = set()

    def confirm(self, answer: Any) -> None:
        """Take a basic.ack or basic.nack, for one or for all up to its tag."""
        last: int = answer.delivery_tag
        tags = list(takewhile(last.__ge__, self.pending)) if answer.multiple else [last]
        for tag in tags:
            if (index := self.pending.pop(tag, None)) is not None:
                self.outcomes[index] = self._outcome(answer, self.messages[index])

    def end(self, error: Exception) -> None:
        """Give all that have no answer an outcome: `error` is why no answer will come."""
        kind = _kind(error)
        self.outcomes.update({index: kind(str(error)) for index in self.pending.values()})

    def _outcome(self, answer: Any, message: Message) -> PublishError | None:
        if isinstance(answer, Basic.Nack):
            return NackedError("basic.nack")
        # A message that cannot be routed is returned first and then acked all the same.
        if (message.exchange, message.routing_key, message.properties.get("message_id")) in self.returned:
            return UnroutableError(f"no queue is bound to {message.exchange!r} for {message.routing_key!r}")
        return None


def _kind(error: Exception) -> type[PublishError]:
    """What an error that ended the wait for confirms makes of the messages that have none."""
    if isinstance(error, BlockedError):
        return BlockedError
    if isinstance(error, ChannelClosedError):
        return RefusedError
    if isinstance(error, ClosedByBrokerError):
        return RefusedError if error.reply_code in REFUSALS else ConnectionLostError
    return UnconfirmedError if isinstance(error, TimeoutError) else ConnectionLostError
