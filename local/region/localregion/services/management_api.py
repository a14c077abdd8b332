"""RabbitMQ's management HTTP API: https://www.rabbitmq.com/docs/management#http-api, in the form that 3.10 and 4 share.

A path is given by its elements, which are quoted here: a virtual host is called `/`. Every call raises HttpError.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from localregion import http_client


class ManagementApi:
    """`url` is `http://host:port`; `timeout_s` bounds each call."""

    def __init__(self, url: str, *, username: str, password: str, timeout_s: float = http_client.TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}

    @classmethod
    def of_system(cls, endpoints: Mapping[str, Any], *, timeout_s: float = http_client.TIMEOUT_S) -> ManagementApi:
        """Return that of a running system, as its administrator; `endpoints` is what `endpoints.json` holds."""
        return cls(
            endpoints["management"],
            username=endpoints["management_user"],
            password=endpoints["management_password"],
            timeout_s=timeout_s,
        )

    def get(self, *path: str, **query: str) -> Any:
        return self._call("GET", path, query=query)

    def put(self, *path: str, document: Mapping[str, Any]) -> None:
        self._call("PUT", path, document)

    def post(self, *path: str, document: Mapping[str, Any]) -> None:
        self._call("POST", path, document)

    def delete(self, *path: str) -> None:
        self._call("DELETE", path)

    def _call(
        self, method: str, path: tuple[str, ...], document: Any = None, *, query: Mapping[str, str] | None = None
    ) -> Any:
        target = "/".join([self._url, "api", *(quote(element, safe="") for element in path)])
        if query:
            target += f"?{urlencode(query)}"
        return http_client.call(method, target, document, headers=self._headers, timeout_s=self._timeout_s)
