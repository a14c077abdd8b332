"""Run a recorded case through the gateway without sockets."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache

from unit.kong.recordings import Case, body_bytes

from localregion.kong.config.configuration import Configuration
from localregion.kong.gateway import Gateway
from localregion.kong.lambda_.invoke_client import InvokeCall
from localregion.kong.lambda_.response import InvokeAnswer, InvokeError
from localregion.kong.request.exchange import Exchange
from localregion.kong.request.response import response_bytes

# What the endpoint of the recordings answers when a case does not say.
_ENDPOINT_HEADERS = [
    ("Date", "Sun, 22 Nov 2026 13:00:00 GMT"),
    ("Content-Type", "application/json"),
    ("Connection", "keep-alive"),
    ("x-amzn-RequestId", "b1c2d3e4-0000-4000-8000-000000000001"),
    ("x-amzn-Remapped-Content-Length", "0"),
    ("X-Amz-Executed-Version", "$LATEST"),
    ("X-Amz-Log-Result", "U1RBUlQgUmVxdWVzdElkOiBkZW1vCkVORCBSZXF1ZXN0SWQ6IGRlbW8K"),
    ("X-Amzn-Trace-Id", "root=1-5759e988-bd862e3fe1be46a994272793;sampled=0"),
]
_ENDPOINT_BODY = b'{"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{\\"ok\\":true}"}'
_REFUSING_PORT = 19999


@dataclass
class ScriptedInvokeClient:
    """Stands for the connection to the Invoke API: keeps what it is sent, gives the answer it was made with."""

    answer: InvokeAnswer | None
    calls: list[tuple[InvokeCall, bytes]] = field(default_factory=list)

    async def invoke(self, call: InvokeCall, payload: bytes) -> InvokeAnswer:
        self.calls.append((call, payload))
        if self.answer is None or call.server.port == _REFUSING_PORT:
            raise InvokeError("connection refused")
        return self.answer


@dataclass
class Replayed:
    status_line: str
    headers: list[tuple[str, str]]
    body: bytes
    calls: list[tuple[InvokeCall, bytes]]


def recorded_answer(case: Case) -> InvokeAnswer | None:
    """Return what the Invoke API answered, None when it gave no complete answer."""
    recorded = case.get("lambda_response")
    if recorded is None:
        if (case.get("client_response") or {}).get("status") == 502:
            return InvokeAnswer(200, _ENDPOINT_HEADERS, b"no JSON")
        return None if "lambda_response" in case else InvokeAnswer(200, _ENDPOINT_HEADERS, _ENDPOINT_BODY)
    # `nobody`: an answer that has none, by its status.
    if set(recorded.get("behaviour") or {}) - {"nobody"}:
        return None
    headers = [(name, value) for name, value in recorded["headers"]]
    return InvokeAnswer(int(recorded["status_line"].split()[1]), headers, body_bytes(recorded["body"]))


def exchange_of(case: Case) -> Exchange:
    request = case["client_request"]
    body = body_bytes(request.get("body"))
    headers = [(name, value) for name, value in request["headers"]]
    if request.get("framing") == "chunked" and not any(name == "Transfer-Encoding" for name, _ in headers):
        headers.append(("Transfer-Encoding", "chunked"))

    async def read_body() -> bytes:
        return body

    return Exchange(
        method=request["method"],
        target=request["target"],
        http_version=(1, 1),
        headers=[(name.lower(), value) for name, value in headers],
        peer="127.0.0.1",
        read_body=read_body,
    )


def replay(
    case: Case, configuration: Configuration, *, environ: Mapping[str, str] | None = None, times: int = 1
) -> Replayed:
    """Return what the client and the Invoke API would have got, of several requests the last."""
    client = ScriptedInvokeClient(recorded_answer(case))
    gateway = Gateway(configuration, client, environ=environ, clock=lambda: _recorded_at(case))  # type: ignore[arg-type]
    for _ in range(times):
        client.calls.clear()
        exchange = exchange_of(case)
        response = _runner().run(gateway.handle(exchange))
    data = response_bytes(
        response,
        request_id=exchange.request_id,
        latency_ms=0,
        keep_alive=True,
        with_body=exchange.method != "HEAD",
    )
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return Replayed(status_line, headers, body, client.calls)


@cache
def _runner() -> asyncio.Runner:
    """One loop for all cases, closed with the process: a loop each would cost more than the requests."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


def _recorded_at(case: Case) -> float:
    """Return when Kong answered, as far as its response says so."""
    headers = dict((case.get("client_response") or {}).get("headers") or ())
    date = headers.get("Date", "Sun, 22 Nov 2026 13:00:00 GMT")
    return parsedate_to_datetime(date).timestamp()
