"""The floor below an order over HTTP: `python -m proof.bench.raw_floor proxy|front|hub|order PORT [UPSTREAM] [COUNT]`.

Two hops and the work, each as bare as it can be in Python. `front` reads a request, makes an event of it and posts that
to `hub`; `hub` hands it to a function that asked for the next one and hands the answer back, as the Runtime API does;
`order` is such functions, which read the event, run an order's raw statements and publish, and answer. No route, key,
limit, trace, log or check is in it. `proxy` hands bytes on and back and reads nothing: the bare hop of row `gateway`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import cast

import uvloop

from proof.bench.load import answer_size

HOST = "127.0.0.1"
NEXT = b"GET /next HTTP/1.1\r\nHost: floor\r\nContent-Length: 0\r\n\r\n"


def message(first_line: str, body: bytes) -> bytes:
    return f"{first_line}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """Calls `on_message` with each whole HTTP message: where it ends, Content-Length says."""

    def __init__(self, on_message: Callable[[Connection, bytes], None]) -> None:
        self._on_message = on_message
        self._received = b""
        self.peer: Connection | None = None
        # Messages wait while there is no peer to hand them on to.
        self.is_ready = True
        self.has_gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self.is_ready and (size := answer_size(self._received)) and len(self._received) >= size:
            whole, self._received = self._received[:size], self._received[size:]
            self._on_message(self, whole)

    def send(self, data: bytes) -> None:
        """Nothing for one that has gone."""
        if not self.has_gone:
            self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.has_gone = True
        if self.peer is not None:
            self.peer.close()


class Proxied(Connection):
    """What arrives goes to the peer as it is, and waits while there is none."""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self.peer is not None:
            self.peer.send(self._received)
            self._received = b""


async def _proxy(port: int, upstream: int) -> None:
    await _serve(port, lambda: _joined(Proxied(_ignore), Proxied(_ignore), upstream))


async def _front(port: int, upstream: int) -> None:
    await _serve(port, lambda: _joined(Connection(_invoke), Connection(_answer), upstream))


def _ignore(_: Connection, data: bytes) -> None:
    """A proxy reads no message."""


def _joined(client: Connection, back: Connection, upstream: int) -> Connection:
    async def connect() -> None:
        await loop.create_connection(lambda: back, HOST, upstream)
        client.peer, back.peer = back, client
        if client.has_gone:
            back.close()
        client.is_ready = True
        client.data_received(b"")

    loop, client.is_ready = asyncio.get_running_loop(), False
    client.joining = loop.create_task(connect())  # type: ignore[attr-defined]
    return client


def _invoke(client: Connection, request: bytes) -> None:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
    event = {"httpMethod": method, "path": path, "headers": fields, "body": body.decode()}
    if client.peer is not None:
        client.peer.send(message("POST /invocations HTTP/1.1\r\nHost: floor", json.dumps(event).encode()))


def _answer(back: Connection, answer: bytes) -> None:
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    if back.peer is not None:
        back.peer.send(message(f"HTTP/1.1 {document['statusCode']} Created", document["body"].encode()))


class Hub:
    """Events that wait for a function, and functions that wait for an event."""

    def __init__(self) -> None:
        self._events: deque[tuple[Connection, bytes]] = deque()
        self._idle: deque[Connection] = deque()

    def take(self, connection: Connection, request: bytes) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        if request.startswith(b"POST /invocations"):
            self._events.append((connection, body))
        elif request.startswith(b"GET /next"):
            self._idle.append(connection)
        elif connection.peer is not None:
            caller, connection.peer = connection.peer, None
            caller.send(message("HTTP/1.1 200 OK", body))
            connection.send(message("HTTP/1.1 202 Accepted", b""))
        while self._events and self._idle:
            caller, event = self._events.popleft()
            function = self._idle.popleft()
            function.peer = caller
            function.send(message("HTTP/1.1 200 OK", event))


async def _hub(port: int) -> None:
    hub = Hub()
    await _serve(port, lambda: Connection(hub.take))


async def _serve(port: int, make: Callable[[], asyncio.Protocol]) -> None:
    server = await asyncio.get_running_loop().create_server(make, HOST, port)
    await server.serve_forever()


def _orders(port: int, upstream: int, count: int) -> None:
    for _ in range(count):
        threading.Thread(target=_function, args=[upstream], daemon=True).start()
    with socket.create_server((HOST, port)):
        threading.Event().wait()


def _function(upstream: int) -> None:
    from proof.bench.raw_order import Raw  # no other part has a database

    raw = Raw()
    with socket.create_connection((HOST, upstream)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.sendall(NEXT)
            event = json.loads(_received(connection))
            json.loads(event["body"])
            raw.order(raw.prepare())
            answer = json.dumps({"statusCode": 201, "headers": {}, "body": event["body"]})
            connection.sendall(message("POST /response HTTP/1.1\r\nHost: floor", answer.encode()))
            _received(connection)


def _received(connection: socket.socket) -> bytes:
    data = b""
    while not (size := answer_size(data)) or len(data) < size:
        if not (chunk := connection.recv(65_536)):
            sys.exit(0)
        data += chunk
    return data.partition(b"\r\n\r\n")[2]


def main(arguments: list[str]) -> None:
    what, port, *numbers = arguments[0], int(arguments[1]), *map(int, arguments[2:])
    if what == "order":
        _orders(port, *numbers)
    elif what == "hub":
        uvloop.run(_hub(port))
    else:
        uvloop.run(_proxy(port, *numbers) if what == "proxy" else _front(port, *numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
