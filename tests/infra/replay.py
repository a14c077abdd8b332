"""Send the requests that Pulumi's provider made to an address, and compare each answer with the recorded one.

The recordings are in `recorded/pulumi/`. They lack the archives of functions and layers: who replays those requests
gives a body for them.
"""

import gzip
import http.client
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.infra.recorded_answers import differences
from tests.infra.recorded_ids import Ids

# Of the recordings.
ACCOUNT = "123456789012"
RECORDINGS = Path(__file__).parent / "recorded" / "pulumi"
# Returns what is sent in place of a recorded request's body, or None to leave the request out.
Body = Callable[["Exchange"], str | bytes | None]


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One line of a recording. `request` is a text, or what stands for an archive that is not in the recording."""

    n: int
    service: str
    method: str
    path: str
    target: str | None
    content_type: str | None
    request: Any
    status: int
    response: str

    @property
    def operation(self) -> str:
        if self.target:
            return self.target
        action = [part for part in str(self.request).split("&") if part.startswith("Action=")]
        return action[0].removeprefix("Action=") if action else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer is not the recorded one."""

    exchange: Exchange
    where: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        call = f"{self.exchange.n} {self.exchange.service} {self.exchange.operation}"
        return f"{call}: {self.where}: recorded {self.recorded!r}, here {self.ours!r}"


def recording(name: str) -> list[Exchange]:
    with gzip.open(RECORDINGS / f"{name}.jsonl.gz", "rt") as lines:
        return [Exchange(**json.loads(line)) for line in lines]


def without_lambda(exchange: Exchange) -> str | None:
    """The body of every request but those of Lambda's API."""
    return None if exchange.service == "lambda" else exchange.request


def replay(exchanges: Iterable[Exchange], address: str, ids: Ids, *, body: Body = without_lambda) -> list[Difference]:
    """Send the requests in turn; returns where the answers differ. `address` is that of the APIs, as in a client."""
    found = []
    for exchange in exchanges:
        sent = body(exchange)
        if sent is not None:
            found += _replay_one(exchange, sent, address, ids)
    return found


def _replay_one(exchange: Exchange, body: str | bytes, address: str, ids: Ids) -> list[Difference]:
    translated = ids.translated(body).encode() if isinstance(body, str) else body
    status, text = _send(exchange, translated, address, ids)
    if status != exchange.status:
        return [Difference(exchange, "status", exchange.status, f"{status} {text}")]
    return [Difference(exchange, *parts) for parts in differences(exchange.response, text, ids)]


def _send(exchange: Exchange, body: bytes, address: str, ids: Ids) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request(exchange.method, ids.translated(exchange.path), body, _headers(exchange))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _headers(exchange: Exchange) -> dict[str, str]:
    scope = f"local/20261128/us-east-1/{exchange.service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    if exchange.content_type:
        headers["Content-Type"] = exchange.content_type
    if exchange.target:
        headers["X-Amz-Target"] = exchange.target
    return headers
