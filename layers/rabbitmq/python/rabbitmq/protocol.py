"""pika's protocol over a stream of ours: pika encodes, decodes and keeps the states, we wait, never past a deadline.

pika's own adapters cannot leave a connection that hangs. This one implements the methods that `pika.connection` asks
of an adapter, without an event loop: `run_until` sends, receives and ends. Timers never fire: they are pika's
heartbeats, and an execution environment that is frozen between invocations can keep no promise of any. The broker
drops it then, and the publisher finds out before it publishes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rabbitmq.lean_pika import Connection, ConnectionClosedByBroker, ConnectionParameters
from sockets import Deadline, Stream

CLIENT_PROPERTIES: dict[str, Any] = {
    "product": "serverless-orders",
    "capabilities": {
        "publisher_confirms": True,
        "basic.nack": True,
        "connection.blocked": True,
        "authentication_failure_close": True,
    },
}


class ClosedByBrokerError(ConnectionError):
    """The broker closed the connection or the channel; the message is its own reply code and text."""

    def __init__(self, reply_code: int, reply_text: str) -> None:
        super().__init__(f"{reply_code} {reply_text}")
        self.reply_code = reply_code


class Protocol(Connection):  # type: ignore[misc, unused-ignore]
    """One connection. What a wait raises means: throw it away."""

    def __init__(self, parameters: ConnectionParameters, *, stream: Stream, on_open: Callable[[Any], None]) -> None:
        self._stream = stream
        self._outgoing: list[bytes] = []
        self.failure: Exception | None = None
        self.is_blocked = False
        # Given what begins with a frame; what it returns is left for pika.
        self.read_first: Callable[[bytes], bytes] | None = None
        super().__init__(parameters, on_open_callback=on_open, internal_connection_workflow=False)
        self.add_on_connection_blocked_callback(lambda *_: self._set_blocked(True))
        self.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(False))
        self._on_stream_connected()

    def run_until(self, is_done: Callable[[], bool], deadline: Deadline) -> None:
        """Send what waits and take what arrives until `is_done`. Raises OSError or what pika makes of an answer."""
        self.send_written(deadline)
        while not is_done():
            self._take(self._stream.receive(deadline))
            self.send_written(deadline)

    def send_written(self, deadline: Deadline) -> None:
        """Raises OSError, and the broker's own reason for hanging up where it gave one."""
        if not self._outgoing:
            return
        data, self._outgoing = b"".join(self._outgoing), []
        try:
            self._stream.send(data, deadline)
        except OSError:
            self.take_arrived(deadline)
            raise

    def take_arrived(self, deadline: Deadline) -> None:
        """Take what the broker sent between publishes. Raises as `run_until`."""
        while self._stream.has_input():
            self._take(self._stream.receive(deadline))

    def write(self, frames: bytes) -> None:
        """What the next `run_until` sends."""
        self._outgoing.append(frames)

    @property
    def frame_max(self) -> int:
        """What was agreed with the broker."""
        agreed: int = self.params.frame_max
        return agreed

    def hang_up(self) -> None:
        self._stream.close()

    def _take(self, data: bytes) -> None:
        # pika keeps the part of a frame until it has the whole.
        if self.read_first is not None and not self._frame_buffer:
            data = self.read_first(data)
        if data:
            self._on_data_available(data)
        if self.failure is not None:
            raise self.failure

    def _set_blocked(self, is_blocked: bool) -> None:
        self.is_blocked = is_blocked

    @property
    def _client_properties(self) -> dict[str, Any]:
        return CLIENT_PROPERTIES

    def _adapter_emit_data(self, data: bytes) -> None:
        self._outgoing.append(data)

    def _adapter_disconnect_stream(self) -> None:
        error: Any = self._error
        # Never its repr: that of a password which cannot be encoded holds the password.
        is_reply = isinstance(error, ConnectionClosedByBroker)
        self.failure = ClosedByBrokerError(error.reply_code, error.reply_text) if is_reply else error
        self.hang_up()

    def _adapter_connect_stream(self) -> None:
        raise RuntimeError("the stream is connected already")

    def _adapter_call_later(self, delay: float, callback: Callable[[], None]) -> None:
        """Never: see above."""

    def _adapter_remove_timeout(self, timeout_id: object) -> None:
        """There is none."""

    def _adapter_add_callback_threadsafe(self, *_: object) -> None:
        raise RuntimeError("one thread uses it")
