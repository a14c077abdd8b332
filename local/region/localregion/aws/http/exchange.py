"""One HTTP request and its answer, as the emulated AWS APIs see them; what they all have in common."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from localregion.aws.http.errors import LambdaApiError


class Request(NamedTuple):
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
