"""A collector for tests: takes OTLP/HTTP JSON in a thread, and can be slow, frozen or broken on purpose."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span, decoded."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str | None
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    is_error: bool
    document: dict[str, Any] = field(repr=False)


class Collector:
    """`answer` gets the connection after each request and does what this collector does; see the functions below."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.answer: Callable[[socket.socket], bool] = answer_ok
        self.bodies: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def spans(self) -> list[Span]:
        return [span for body in self.bodies for span in decode(json.loads(body))]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Span:
        (span,) = self.named(name)
        return span

    def hang_up(self) -> None:
        """End every connection, as a collector that is started again."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=[connection], daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (body := read_request(connection)) is not None:
                self.bodies.append(body)
                if not self.answer(connection):
                    return
        except OSError:
            return


def read_request(connection: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65_536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def answer_ok(connection: socket.socket) -> bool:
    connection.sendall(OK)
    return True


def answer_nothing(_: socket.socket) -> bool:
    """Frozen: the connection stays, nothing comes."""
    return True


def answer_slowly(connection: socket.socket) -> bool:
    """A byte now and then, each in time for a time-out that counts from the last one."""
    for byte in OK:
        connection.sendall(bytes([byte]))
        time.sleep(0.03)
    return True


def answer_500(connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops")
    return True


def answer_garbage(connection: socket.socket) -> bool:
    connection.sendall(b"\x00\xff garbage \r\n\r\n" * 100)
    return True


def answer_without_end(connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


def close_unasked(connection: socket.socket) -> bool:
    connection.shutdown(socket.SHUT_RDWR)
    return False


BROKEN = {
    "frozen": answer_nothing,
    "slow": answer_slowly,
    "500": answer_500,
    "garbage": answer_garbage,
    "hangs up": close_unasked,
}


@contextmanager
def running_collector() -> Iterator[Collector]:
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def decode(request: dict[str, Any]) -> Iterator[Span]:
    """The spans of one request; what is not OTLP's JSON fails here."""
    for resource_spans in request["resourceSpans"]:
        resource = _attributes(resource_spans["resource"]["attributes"])
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                yield Span(
                    service=resource["service.name"],
                    name=span["name"],
                    kind=KINDS[span["kind"]],
                    trace_id=span["traceId"],
                    span_id=span["spanId"],
                    parent=span.get("parentSpanId"),
                    began_ns=int(span["startTimeUnixNano"]),
                    ended_ns=int(span["endTimeUnixNano"]),
                    attributes=_attributes(span["attributes"]),
                    links=[(link["traceId"], link["spanId"]) for link in span.get("links", [])],
                    is_error=span["status"].get("code") == 2,
                    document=span,
                )


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _value(pair["value"]) for pair in pairs}


def _value(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return int(content) if kind == "intValue" else content
