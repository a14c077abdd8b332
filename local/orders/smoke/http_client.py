"""Requests to one deployment, HTTP or HTTPS, JSON in and out; errors name the request.

Standard library only. Not `localregion.http_client`: a deployment may lie behind a proxy and speaks TLS.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class SmokeError(Exception):
    """The deployment does not do what it should; the text says which request, and what came instead."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names are lower case. `text` is never shown whole: it may be a page of a proxy."""

    request: str
    status: int
    headers: Mapping[str, str]
    text: str

    def expect(self, status: int) -> Answer:
        """Return itself. Raises SmokeError for another status."""
        if self.status != status:
            raise SmokeError(f"{self.request} answered {self.status} instead of {status}: {self.text[:300]}")
        return self

    def json(self) -> dict[str, Any]:
        """Return the body. Raises SmokeError unless it is a JSON object."""
        try:
            document = json.loads(self.text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise SmokeError(f"{self.request} answered no JSON object: {self.text[:300]!r}")
        return document


class HttpClient:
    """`url` is where the API's paths begin, with or without a path of its own and a slash at its end."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.netloc:
            raise SmokeError(f"{url!r} is no URL of a deployment, such as https://orders.example.com")
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        # A redirect would send the key to another host.
        self._opener = urllib.request.build_opener(_NoRedirects)

    def get(self, path: str, **headers: str) -> Answer:
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Answer:
        return self._request("POST", path, json.dumps(body).encode(), {"content_type": "application/json", **headers})

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self._url + path, data=body, method=method, headers=named)  # noqa: S310 see above
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return _answer(f"{method} {path}", answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(f"{method} {path}", error.code, error.headers, error.read())
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise SmokeError(f"{method} {self._url}{path}: {reason}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _answer(request: str, status: int, headers: Any, body: bytes) -> Answer:
    lowered = {name.lower(): value for name, value in headers.items()}
    return Answer(request=request, status=status, headers=lowered, text=body.decode(errors="replace"))
