"""RabbitMQ's management HTTP API, as far as a release needs it, with basic authentication.

https://www.rabbitmq.com/docs/management#http-api. Every PUT is idempotent; it answers 201 or 204. A call ends at one
deadline, whatever the broker does: the release fails then and can be repeated.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from sockets import Deadline
from sockets.http import request

TIMEOUT_S = 20.0


class ManagementApiError(Exception):
    """The management API refused a request; says which one and why."""


class ManagementApi:
    """`url` is `https://host` (Amazon MQ) or `http://host:port`."""

    def __init__(self, url: str, *, username: str, password: str) -> None:
        self._url = url
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"authorization": f"Basic {token}", "content-type": "application/json"}

    def get(self, *path: str) -> Any:
        """GET /api/<path>. Every call raises ManagementApiError, OSError or http.client.HTTPException."""
        return json.loads(self._request("GET", path, None))

    def put(self, *path: str, document: dict[str, Any]) -> None:
        """PUT /api/<path>."""
        self._request("PUT", path, document)

    def post(self, *path: str, document: dict[str, Any]) -> None:
        """POST /api/<path>."""
        self._request("POST", path, document)

    def delete(self, *path: str) -> None:
        """DELETE /api/<path>; what is not there is fine."""
        self._request("DELETE", path, None, missing_is_fine=True)

    def _request(
        self, method: str, path: tuple[str, ...], document: dict[str, Any] | None, *, missing_is_fine: bool = False
    ) -> bytes:
        target = "/api/" + "/".join(quote(part, safe="") for part in path)
        sent = None if document is None else json.dumps(document).encode()
        deadline = Deadline(TIMEOUT_S)
        status, body = request(method, self._url + target, headers=self._headers, body=sent, deadline=deadline)
        if status >= 300 and not (missing_is_fine and status == 404):
            raise ManagementApiError(f"{method} {target}: {status} {body[:300].decode(errors='replace')}")
        return body
