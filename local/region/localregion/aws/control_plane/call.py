"""One HTTP request to an AWS API as it was received: what moto is given, and what the journal keeps.

A call is turned into WSGI's environment anew each time, so that a replayed one cannot differ from the first.
"""

from __future__ import annotations

import base64
import io
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from werkzeug.wrappers import Request as WsgiRequest

from localregion.aws.http.exchange import Request

Environment = dict[str, Any]
# WSGI names these two without the prefix of the other headers: https://peps.python.org/pep-3333/#environ-variables.
_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")
# The body is whole, whatever it was sent in.
_OF_THE_CONNECTION = ("transfer-encoding", "connection", "expect")


@dataclass(frozen=True, slots=True)
class Call:
    """`uri` is path and query as sent; `headers` are by lower-case name."""

    method: str
    uri: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.uri.split("?", 1)[0]

    @property
    def query_string(self) -> str:
        return self.uri.partition("?")[2]

    def request(self) -> Request:
        """Return the call as the emulator's APIs see one."""
        headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in self.headers.items()}
        query = dict(parse_qsl(self.query_string, keep_blank_values=True))
        return Request(self.method, self.path, query, headers, self.body, len(self.body), self.uri)

    def environment(self) -> Environment:
        """Return what a WSGI application is called with."""
        fields = {_variable(name): value for name, value in self.headers.items()}
        path = unquote_to_bytes(self.path.encode("latin-1"))
        return fields | {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": self.query_string,
            "RAW_URI": self.uri,
            "REQUEST_URI": self.uri,
            "CONTENT_LENGTH": str(len(self.body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def to_json(self) -> dict[str, Any]:
        try:
            body = {"body": self.body.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(self.body).decode()}
        return {"method": self.method, "uri": self.uri, "headers": self.headers, **body}


def from_json(entry: dict[str, Any]) -> Call:
    body = base64.b64decode(entry["base64"]) if "base64" in entry else entry["body"].encode()
    return Call(entry["method"], entry["uri"], entry["headers"], body)


def received(environment: Environment) -> Call:
    """Return the call that a WSGI server received."""
    body = WsgiRequest(environment).get_data(cache=False)
    headers = {_header(name): value for name, value in environment.items() if _is_header(name)}
    headers = {name: value for name, value in headers.items() if name not in _OF_THE_CONNECTION}
    return Call(environment["REQUEST_METHOD"], environment["REQUEST_URI"], headers, body)


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in _UNPREFIXED else f"HTTP_{name}"


def _is_header(variable: str) -> bool:
    return variable.startswith("HTTP_") or variable in _UNPREFIXED


def _header(variable: str) -> str:
    return variable.removeprefix("HTTP_").replace("_", "-").lower()
