"""A collector of spans: keeps what it was sent, and fails on demand, as a dead or a frozen one does."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Collector(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.requests: list[tuple[str, list[dict[str, Any]]]] = []
        self.status = 202
        # Cleared: requests are read and wait for it.
        self.answers = threading.Event()
        self.answers.set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v2/spans"

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [span for _, spans in list(self.requests) for span in spans]

    def wait_for_spans(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 30
        while len(spans := self.spans) < count:
            assert time.monotonic() < deadline, f"{len(spans)} of {count} spans came"
            time.sleep(0.01)
        return spans


class _Connection(socketserver.StreamRequestHandler):
    server: Collector

    def handle(self) -> None:
        while line := self.rfile.readline().decode().strip():
            headers = {}
            while header := self.rfile.readline().decode().strip():
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            # As bytes by latin-1: Kong's spans need not be UTF-8.
            spans = json.loads(self.rfile.read(int(headers["content-length"])).decode("latin-1"))
            assert headers["content-type"] == "application/json"
            self.server.requests.append((line, spans))
            self.server.answers.wait(30)
            self.wfile.write(f"HTTP/1.1 {self.server.status} Something\r\nContent-Length: 0\r\n\r\n".encode())


@contextmanager
def running_collector(port: int = 0) -> Iterator[Collector]:
    with Collector(port) as collector:
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            collector.answers.set()
            collector.shutdown()
            thread.join()
