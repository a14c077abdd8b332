"""RabbitMQ's management HTTP API, as far as a release needs it: PUT and GET with basic authentication.

https://www.rabbitmq.com/docs/management#http-api. Every PUT is idempotent; it answers 201 or 204.
"""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT_S = 20.0


class ManagementApiError(Exception):
    """The management API refused a request; says which one and why."""


class ManagementApi:
    """`url` is `https://host` (Amazon MQ) or `http://host:port`."""

    def __init__(self, url: str, *, username: str, password: str) -> None:
        self._address = urlsplit(url)
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"authorization": f"Basic {token}", "content-type": "application/json"}

    def get(self, *path: str) -> Any:
        """GET /api/<path>. Raises ManagementApiError or OSError."""
        return json.loads(self._request("GET", path, None))

    def put(self, *path: str, document: dict[str, Any]) -> None:
        """PUT /api/<path>. Raises ManagementApiError or OSError."""
        self._request("PUT", path, document)

    def post(self, *path: str, document: dict[str, Any]) -> None:
        """POST /api/<path>. Raises ManagementApiError or OSError."""
        self._request("POST", path, document)

    def _request(self, method: str, path: tuple[str, ...], document: dict[str, Any] | None) -> bytes:
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._address.netloc, timeout=TIMEOUT_S)
        target = "/api/" + "/".join(quote(part, safe="") for part in path)
        try:
            connection.request(method, target, None if document is None else json.dumps(document), self._headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ManagementApiError(f"{method} {target}: {answer.status} {body[:300].decode(errors='replace')}")
        return body
