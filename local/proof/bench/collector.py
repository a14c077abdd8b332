"""The smallest collector: takes every request and says 200 at once, so that a row shows what tracing costs a function.

It runs in a thread of the benchmark, outside the process that is measured.
"""

from __future__ import annotations

import socket
import threading
from types import TracebackType

from proof.bench.runtime_client import read_request

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Collector:
    """Use as a context manager."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = 0
        threading.Thread(target=self._accept, name="collector", daemon=True).start()

    def __enter__(self) -> Collector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], name="collector", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while read_request(connection) is not None:
                    self.requests += 1
                    connection.sendall(_ANSWER)
            except OSError:
                return
