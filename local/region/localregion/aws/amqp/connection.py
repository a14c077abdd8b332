"""One AMQP 0-9-1 connection with one channel, for consuming: login by SASL PLAIN, heartbeats, method calls.

Every wait is bounded: a broker that hangs shows in missing heartbeats and unanswered calls, and every waiting call
raises BrokerConnectionLostError. What the broker refuses is a BrokerRefusedError with AMQP's code and text. Either ends
the connection for good. https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf.
Not made for publishing, several channels or TLS (the broker of this machine listens on 127.0.0.1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from pamqp import base, commands, frame, heartbeat

from localregion.aws.amqp.content import Delivery
from localregion.aws.amqp.frames import FrameReader, FrameSyntaxError

CONNECT_TIMEOUT_S = 5.0
CALL_TIMEOUT_S = 10.0
HEARTBEAT_S = 10

_CHANNEL = 1
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
# A wrong password is then an answer and not a closed socket, and a deleted queue a basic.cancel.
_CAPABILITIES = {"authentication_failure_close": True, "consumer_cancel_notify": True}


class BrokerConnectionLostError(Exception):
    """The connection to the broker is gone, or the broker does not answer."""


class BrokerRefusedError(Exception):
    """The broker closed the connection or the channel and said why: AMQP's reply code and text."""

    def __init__(self, code: int, text: str, *, logged_in: bool) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.logged_in = logged_in


class AmqpConnection(asyncio.Protocol):
    """`on_delivery` gets each delivery, `on_closed` is called once, when connection or channel have ended."""

    def __init__(self, *, on_delivery: Callable[[Delivery], None], on_closed: Callable[[], None]) -> None:
        self.error: Exception | None = None
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(on_delivery=on_delivery, on_method=self._received)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[base.Frame] | None = None
        self._logged_in = False
        self._received_at = self._loop.time()
        self._heartbeat: asyncio.TimerHandle | None = None

    async def open(self, host: str, port: int, *, username: str, password: str, virtual_host: str) -> None:
        """Connect, log in, open the virtual host and the channel."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open(host, port, username, password, virtual_host)
        except TimeoutError as error:
            self._end(BrokerConnectionLostError(f"{host}:{port} did not answer within {CONNECT_TIMEOUT_S:g} s"))
            raise BrokerConnectionLostError(str(self.error)) from error
        except OSError as error:
            raise BrokerConnectionLostError(f"{host}:{port}: {error.strerror or error}") from error

    async def _open(self, host: str, port: int, username: str, password: str, virtual_host: str) -> None:
        greeting = self._expect_answer()
        await self._loop.create_connection(lambda: self, host, port)
        await self._wait(greeting, commands.Connection.Start)
        login = commands.Connection.StartOk(
            client_properties={"product": "Lambda event source mapping", "capabilities": dict(_CAPABILITIES)},
            mechanism="PLAIN",
            response=f"\0{username}\0{password}",
            locale="en_US",
        )
        tune = await self.call(login, commands.Connection.Tune, channel=0)
        self._logged_in = True
        self.send(commands.Connection.TuneOk(tune.channel_max, tune.frame_max, HEARTBEAT_S), channel=0)
        self._beat()
        await self.call(commands.Connection.Open(virtual_host), commands.Connection.OpenOk, channel=0)
        await self.call(commands.Channel.Open(), commands.Channel.OpenOk)

    async def call(self, method: base.Frame, answer: type[base.Frame], *, channel: int = _CHANNEL) -> Any:
        """Send a method and return the broker's answer to it."""
        expected = self._expect_answer()
        self.send(method, channel=channel)
        return await self._wait(expected, answer)

    def send(self, *methods: base.Frame, channel: int = _CHANNEL) -> None:
        """Send methods that have no answer. Raises what ended the connection when it has ended."""
        if self.error is not None:
            raise self.error
        assert self._transport is not None  # noqa: S101 - only an open connection sends
        self._transport.write(b"".join([frame.marshal(method, channel) for method in methods]))

    def close(self) -> None:
        """Close at once; the broker requeues what is not acknowledged."""
        if self.error is None and self._logged_in:
            self.send(commands.Connection.Close(200, "", 0, 0), channel=0)
        self._end(BrokerConnectionLostError("closed"))

    def _expect_answer(self) -> asyncio.Future[base.Frame]:
        self._answer = self._loop.create_future()
        return self._answer

    async def _wait(self, expected: asyncio.Future[base.Frame], answer: type[base.Frame]) -> Any:
        if self.error is not None:
            raise self.error
        done, _ = await asyncio.wait([expected], timeout=CALL_TIMEOUT_S)
        if not done:
            self._end(BrokerConnectionLostError(f"no {answer.name} within {CALL_TIMEOUT_S:g} s"))
        method = expected.result()
        if not isinstance(method, answer):
            self._end(BrokerConnectionLostError(f"{method.name} instead of {answer.name}"))
            raise BrokerConnectionLostError(str(self.error))
        return method

    def _received(self, method: base.Frame) -> None:
        if isinstance(method, commands.Connection.Close | commands.Channel.Close):
            self._refused(method)
        elif isinstance(method, commands.Basic.Cancel):
            self._end(BrokerConnectionLostError("the broker ended the consumer: the queue was deleted or has moved"))
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(method)

    def _refused(self, close: commands.Connection.Close | commands.Channel.Close) -> None:
        if isinstance(close, commands.Connection.Close):
            self.send(commands.Connection.CloseOk(), channel=0)
        else:
            self.send(commands.Channel.CloseOk())
        self._end(BrokerRefusedError(close.reply_code or 0, close.reply_text or "", logged_in=self._logged_in))

    def _beat(self) -> None:
        """Send a heartbeat twice per interval; two intervals without a byte received mean that the broker is gone."""
        if self._loop.time() - self._received_at > 2 * HEARTBEAT_S:
            self._end(BrokerConnectionLostError(f"nothing received for {2 * HEARTBEAT_S} s"))
        if self.error is None and self._transport is not None:
            self._transport.write(frame.marshal(heartbeat.Heartbeat(), 0))
            self._heartbeat = self._loop.call_later(HEARTBEAT_S / 2, self._beat)

    def _end(self, error: Exception) -> None:
        if self.error is not None:
            return
        self.error = error
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        if self._transport is not None:
            self._transport.close()
            # A frozen broker reads nothing; what could not be written must not keep the socket open.
            self._loop.call_later(1.0, self._transport.abort)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # its waiter may be gone: an exception that is never retrieved would be logged
        self._on_closed()

    # What asyncio calls (https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, but do the same.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_PROTOCOL_HEADER)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(BrokerConnectionLostError(str(exc or "the broker closed the connection")))

    def data_received(self, data: bytes) -> None:
        self._received_at = self._loop.time()
        if self.error is not None:
            return
        try:
            self._reader.feed(data)
        except FrameSyntaxError as error:
            self._end(BrokerConnectionLostError(f"not an AMQP 0-9-1 broker: {error}"))
