"""A lean load generator in a process of its own: `python -m proof.bench.load PORT PATH CONNECTIONS SECONDS [KEY …]`.

Each connection is kept alive and sends the same bytes again as soon as it is answered; with keys these are orders of
the keys' customers, in turns. Prints one JSON line: the number of answers and the seconds, after as many seconds of
warming up, and the number with those of the warming up. Exit status 1 at the first other status than 200 or 201.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import cast

import uvloop

NOTHING, ORDER = b"{}", b'{"amount": 1999, "currency": "BRL"}'


def request(port: int, path: str, key: str | None = None) -> bytes:
    body, headers = (NOTHING, "") if key is None else (ORDER, f"apikey: {key}\r\n")
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def answer_size(data: bytes) -> int:
    """Return how long the HTTP answer at the start of `data` is; 0 while its head is incomplete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    for line in data[:end].lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return end + 4 + int(line[15:])
    raise ValueError("an answer without Content-Length")


_GOOD = (b"HTTP/1.1 200", b"HTTP/1.1 201")


class Client(asyncio.Protocol):
    """One connection; counts into `count` what is answered."""

    def __init__(self, request: bytes, failed: asyncio.Future[None]) -> None:
        self.count = 0
        self._request = request
        self._received = b""
        self._failed = failed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        size = answer_size(self._received)
        if not size or len(self._received) < size:
            return
        if not self._received.startswith(_GOOD):
            self._fail(self._received.decode(errors="replace"))
            return
        self._received = self._received[size:]
        self.count += 1
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"connection lost: {exc}")

    def _fail(self, reason: str) -> None:
        if not self._failed.done():
            self._failed.set_exception(ConnectionError(reason))


async def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> dict[str, float]:
    """Return how many answers came in how many seconds, and how many in all. Raises ConnectionError."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    clients = [Client(requests[number % len(requests)], failed) for number in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.wait([failed], timeout=seconds)
    before, began = sum(client.count for client in clients), time.perf_counter()
    await asyncio.wait([failed], timeout=seconds)
    in_all, took = sum(client.count for client in clients), time.perf_counter() - began
    if failed.done():
        failed.result()
    failed.cancel()
    return {"answers": in_all - before, "seconds": took, "answers_in_all": in_all}


def main(arguments: list[str]) -> int:
    port, path, connections, seconds, *keys = arguments
    requests = [request(int(port), path, key) for key in keys] or [request(int(port), path)]
    try:
        seen = uvloop.run(run(int(port), requests, connections=int(connections), seconds=float(seconds)))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(seen))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
