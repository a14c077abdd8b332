"""The Runtime API of one execution environment: what `awslambdaric` calls.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: next, response, error and init/error, with AWS's
refusals for calls in the wrong state. Every environment has its own address, as on AWS; a common one with a path per
environment does not do, because the runtime client posts an initialisation error without the path. It is a bare
asyncio protocol, because every invocation passes twice. Left out: SnapStart's restore, extensions, telemetry,
response streaming.
"""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple, Protocol, cast

import httptools

from localregion.aws.lambda_.environments.failure_payloads import RESPONSE_SIZE_MAX

_PREFIX = "/2018-06-01/runtime/"
_NEXT = _PREFIX + "invocation/next"
_INVOCATION = _PREFIX + "invocation/"
_INIT_ERROR = _PREFIX + "init/error"


class Invocation(NamedTuple):
    """What the runtime gets to know of one invocation."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    client_context: str | None = None


class Listener(Protocol):
    """Who hears what the runtime reports."""

    def ready(self) -> None: ...
    def responded(self, payload: bytes) -> None: ...
    def response_too_large(self) -> None: ...
    def failed(self, payload: bytes) -> None: ...
    def init_failed(self, payload: bytes) -> None: ...


class RuntimeApi:
    """Serves one runtime, which is starting, ready (waits in `next`) or running one invocation."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._state = "RuntimeStarted"
        self._poll: Connection | None = None
        self._request_id: str | None = None
        self._connections: set[Connection] = set()

    async def start(self) -> str:
        """Listen on a free port of the loopback; return the address for AWS_LAMBDA_RUNTIME_API."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()

    def offer(self, invocation: Invocation, deadline_ms: int) -> None:
        """Give an invocation to the runtime, which waits for one; if it has just died, nothing answers."""
        poll, self._poll = self._poll, None
        if poll is not None:
            self._state, self._request_id = "RuntimeRunning", invocation.request_id
            poll.send_invocation(invocation, deadline_ms)

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection is self._poll:
            self._poll = None

    def handle(self, connection: Connection, method: bytes, path: str, body: bytes | None) -> None:
        """Serve one call. `body` is None when it was larger than a response may be."""
        if path == _NEXT and method == b"GET":
            self._next(connection)
        elif path == _INIT_ERROR and method == b"POST":
            self._init_error(connection, body)
        elif path.startswith(_INVOCATION) and method == b"POST":
            request_id, _, kind = path.removeprefix(_INVOCATION).partition("/")
            self._result(connection, request_id, kind=kind, body=body)
        else:
            connection.refuse(404, "NotFound", f"{method.decode()} {path} is not part of the emulated Runtime API")

    def _next(self, connection: Connection) -> None:
        if self._state == "RuntimeRunning":
            self._refuse_transition(connection, "RuntimeReady")
            return
        self._state, self._poll = "RuntimeReady", connection
        self._listener.ready()

    def _init_error(self, connection: Connection, body: bytes | None) -> None:
        if self._state != "RuntimeStarted":
            self._refuse_transition(connection, "RuntimeInitError")
            return
        self._state = "RuntimeInitError"
        connection.accept()
        self._listener.init_failed(body or b"{}")

    def _result(self, connection: Connection, request_id: str, *, kind: str, body: bytes | None) -> None:
        if kind not in ("response", "error"):
            connection.refuse(404, "NotFound", f"there is no {kind!r} of an invocation")
        elif self._state != "RuntimeRunning":
            response = "InvocationResponse" if kind == "response" else "InvocationErrorResponse"
            self._refuse_transition(connection, response)
        elif request_id != self._request_id:
            connection.refuse(400, "InvalidRequestID", "Invalid request ID")
        else:
            self._state, self._request_id = "RuntimeResponseSent", None
            self._accept_result(connection, kind, body)

    def _accept_result(self, connection: Connection, kind: str, body: bytes | None) -> None:
        if body is None:
            message = f"Exceeded maximum allowed payload size ({RESPONSE_SIZE_MAX} bytes)."
            connection.refuse(413, "RequestEntityTooLarge", message)
            self._listener.response_too_large()
            return
        connection.accept()
        if kind == "response":
            self._listener.responded(body)
        else:
            self._listener.failed(body)

    def _refuse_transition(self, connection: Connection, target: str) -> None:
        transition = f"State transition from {self._state} to {target}"
        message = f"{transition} failed for runtime. Error: State transition is not allowed"
        connection.refuse(403, "InvalidStateTransition", message)


class Connection(asyncio.Protocol):
    """One HTTP connection of the runtime; kept alive, one call at a time."""

    _ACCEPTED = (
        b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
    )

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._chunks: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._api.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._api.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def close(self) -> None:
        self._transport.abort()

    def on_message_begin(self) -> None:
        self._url, self._chunks, self._size = b"", [], 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= RESPONSE_SIZE_MAX:
            self._chunks.append(body)
        else:
            self._chunks.clear()

    def on_message_complete(self) -> None:
        chunks, self._chunks = self._chunks, []
        body = b"".join(chunks) if self._size <= RESPONSE_SIZE_MAX else None
        self._api.handle(self, self._parser.get_method(), self._url.decode(), body)

    def accept(self) -> None:
        self._transport.write(self._ACCEPTED)

    def refuse(self, status: int, error_type: str, message: str) -> None:
        body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
        head = (
            f"HTTP/1.1 {status} {error_type}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)

    def send_invocation(self, invocation: Invocation, deadline_ms: int) -> None:
        context = f"Lambda-Runtime-Client-Context: {invocation.client_context}\r\n" if invocation.client_context else ""
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {invocation.function_arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
            f"{context}Content-Length: {len(invocation.payload)}\r\n\r\n"
        )
        self._transport.writelines((head.encode(), invocation.payload))
