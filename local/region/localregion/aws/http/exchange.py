"""One HTTP request and its answer, as the emulated AWS APIs see them; what they all have in common."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from localregion.aws.http.errors import LambdaApiError

Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by lower-case name; `size` is the body's, which is empty here when it was larger than allowed.

    `target` is path and query as they were sent.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[bytes, bytes]
    body: bytes
    size: int
    target: str = ""

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def read_body(receive: Receive, *, limit: int) -> tuple[bytes, int]:
    """Return the request's body and its size; a body beyond the limit is read to its end and dropped."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return (body, len(body)) if len(body) <= limit else (b"", len(body))
    chunks, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        size += len(message.get("body", b""))
        chunks = [*chunks, message.get("body", b"")] if size <= limit else []
    return b"".join(chunks), size


def parse_json(text: bytes | str) -> Any:
    """Return what the JSON says. ValueError for anything else, nesting that exhausts the parser included."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def json_response(body: object, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body, default=str).encode())


def refusal(error: LambdaApiError) -> Response:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-RequestId": str(uuid.uuid4()),
        "x-amzn-ErrorType": error.error_type,
    }
    return Response(error.status, headers, error.body)
