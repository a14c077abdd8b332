"""Run a recorded case through the gateway without sockets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.configuration import Configuration
from gateway.exchange import Exchange
from gateway.gateway import Gateway
from gateway.http_response import response_bytes
from gateway.invoke_client import InvokeCall
from gateway.lambda_response import InvokeAnswer, InvokeError
from tests.unit.gateway.recordings import Case, body_bytes


@dataclass
class ScriptedInvokeClient:
    """Stands for the connection to the Invoke API: keeps what it is sent, gives the answer it was made with."""

    answer: InvokeAnswer | None
    calls: list[tuple[InvokeCall, bytes]] = field(default_factory=list)

    async def invoke(self, call: InvokeCall, payload: bytes) -> InvokeAnswer:
        self.calls.append((call, payload))
        if self.answer is None:
            raise InvokeError("connection refused")
        return self.answer


@dataclass
class Replayed:
    status_line: str
    headers: list[tuple[str, str]]
    body: bytes
    calls: list[tuple[InvokeCall, bytes]]


def recorded_answer(case: Case) -> InvokeAnswer | None:
    recorded = case.get("lambda_response")
    if recorded is None or recorded.get("behaviour"):
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


def replay(case: Case, configuration: Configuration) -> Replayed:
    """Return what the client and the Invoke API would have got."""
    client = ScriptedInvokeClient(recorded_answer(case))
    gateway = Gateway(configuration, client)  # type: ignore[arg-type]
    exchange = exchange_of(case)
    response = asyncio.run(gateway.handle(exchange))
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
