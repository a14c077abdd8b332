"""The first reader of every connection: takes spans in a moment, and leaves everything else to the application.

A function waits for its answer, and every request through the gateway brings spans: aiohttp and reading them would cost
as much as a third of an order. Taken is only what this machine's functions and gateways send: one exact head, of which
a browser can send none, before a body of the plain form. With the first other octet the connection is aiohttp's, with
all that came, so there is one place that refuses.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

from localregion.console.traces.plain_form import FORMS
from localregion.console.traces.unread import UnreadSpans

_BEGINNING = b"POST /"
_HEAD_MAX_BYTES = 300
# The longest is a batch's, with 87 octets for each of at most ten thousand links: reading them takes four times as long
# as recognising them, and the function waits.
_HEAD = (
    rb"POST (/v1/traces|/api/v2/spans) HTTP/1\.1\r\nHost: (?:127\.0\.0\.1|localhost):%d\r\n"
    rb"Content-Type: application/json\r\nContent-Length: ([1-9][0-9]{0,5})\r\n\r\n"
)
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_ANSWERS = {b"/v1/traces": _JSON, b"/api/v2/spans": b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"}


class QuickReceivers:
    """Makes the protocols of one console; `port` is where it listens, `application` makes aiohttp's."""

    def __init__(self, unread: UnreadSpans, port: int, application: Callable[[], asyncio.Protocol]) -> None:
        self.head = re.compile(_HEAD % port)
        self.unread = unread
        self.application = application
        self.connections: set[QuickReceiver] = set()

    def __call__(self) -> QuickReceiver:
        return QuickReceiver(self)

    def close(self) -> None:
        for connection in tuple(self.connections):
            connection.close()


class QuickReceiver(asyncio.Protocol):
    """One connection until it is the application's."""

    def __init__(self, receivers: QuickReceivers) -> None:
        self._receivers = receivers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._receivers.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._receivers.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._received:
            head = self._receivers.head.match(self._received)
            if head is None:
                if self._may_become_a_head():
                    return
                self._hand_over()
                return
            end = head.end() + int(head[2])
            if len(self._received) < end:
                return
            if not self._take(head[1], self._received[head.end() : end]):
                self._hand_over()
                return
            self._received = self._received[end:]

    def close(self) -> None:
        self._transport.abort()

    def _may_become_a_head(self) -> bool:
        received = self._received
        is_short = len(received) < _HEAD_MAX_BYTES and b"\r\n\r\n" not in received
        return is_short and (received.startswith(_BEGINNING) or _BEGINNING.startswith(received))

    def _take(self, path: bytes, body: bytes) -> bool:
        is_plain, decode = FORMS[path]
        if not is_plain(body):
            return False
        self._receivers.unread.add(decode, body)
        self._transport.write(_ANSWERS[path])
        return True

    def _hand_over(self) -> None:
        self._receivers.connections.discard(self)
        received, self._received = self._received, b""
        protocol = self._receivers.application()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(received)
