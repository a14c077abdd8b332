"""`POST /v1/traces` to a collector that may be dead, slow or frozen, within one deadline for everything.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. The connection is opened with the first request and kept. One that
the collector has left meanwhile (an execution environment is frozen between invocations) is replaced within the same
deadline. HTTP/1.1 by hand: http.client knows time-outs for single reads only and costs as much as making the spans.
Left out: compression, TLS (the collector is beside the function), the collector's own wish to be retried, keeping a
connection after an answer of unknown length.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sockets import Deadline, Stream

ANSWER_MAX = 65_536
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r][\s\S]*?\r\n\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_LAST = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_HTTP_PORT = 80


class ExportError(Exception):
    """The collector did not take the spans, as far as we know; says why."""


class Collector:
    """One per execution environment; `spent_s` is what the last request took on its own clock."""

    def __init__(self, endpoint: str, *, timeout_s: float) -> None:
        address = urlsplit(endpoint)
        path = address.path.rstrip("/") + "/v1/traces"
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {address.netloc.rpartition('@')[2]}\r\nContent-Type: application/json\r\n"
        )
        self._host = address.hostname or ""
        self._port = address.port or _HTTP_PORT
        self.timeout_s = timeout_s
        self._connection: _Connection | None = None
        self.spent_s = 0.0

    def post(self, body: bytes) -> None:
        """Raises ExportError."""
        deadline = Deadline(self.timeout_s)
        try:
            self._post(body, deadline)
        except OSError as error:
            self.close()
            raise ExportError(f"{type(error).__name__}: {error}"[:200]) from error
        except BaseException:
            self.close()
            raise
        finally:
            self.spent_s = deadline.spent_s()

    def close(self) -> None:
        """Drop the connection; the next request opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _post(self, body: bytes, deadline: Deadline) -> None:
        if self._connection is not None and not self._connection.is_usable():
            self.close()
        is_reused = self._connection is not None
        try:
            self._exchange(body, deadline)
        except ConnectionError:
            if not is_reused:
                raise
            self.close()
            self._exchange(body, deadline)

    def _exchange(self, body: bytes, deadline: Deadline) -> None:
        if self._connection is None:
            self._connection = _Connection(Stream(self._host, self._port, deadline=deadline))
        self._connection.deadline = deadline
        head = f"{self._head}Content-Length: {len(body)}\r\n\r\n"
        self._connection.send(head.encode("ascii") + body)
        status, is_kept = self._connection.answer()
        if not is_kept:
            self.close()
        if not 200 <= status < 300:
            raise ExportError(f"the collector answered {status}")


class _Connection:
    """HTTP's side of a stream; `deadline` is the current request's."""

    deadline: Deadline

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def is_usable(self) -> bool:
        """A collector that is asked nothing says nothing: what can be read now is its farewell."""
        return not self._stream.has_input()

    def send(self, data: bytes) -> None:
        self._stream.send(data, self.deadline)

    def answer(self) -> tuple[int, bool]:
        """The status, and whether the connection can be used again. Raises OSError."""
        received = b""
        while (head := _ANSWER.match(received)) is None:
            received += self._stream.receive(self.deadline)
            if len(received) > ANSWER_MAX or not b"HTTP/1.".startswith(received[:7]):
                raise OSError("the answer is no HTTP")
        length = _LENGTH.search(head[0])
        if length is None or _LAST.search(head[0]) or head.end() + int(length[1]) > ANSWER_MAX:
            return int(head[1]), False
        while len(received) < head.end() + int(length[1]):
            received += self._stream.receive(self.deadline)
        return int(head[1]), True

    def close(self) -> None:
        self._stream.close()
