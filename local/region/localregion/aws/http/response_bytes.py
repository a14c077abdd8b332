"""An answer of the AWS port as it goes over the wire, its header names in AWS's spelling.

HTTP does not care for the spelling, and Kong does: it merges a function's headers with Invoke's by it.
"""

from __future__ import annotations

import functools
import time
from email.utils import formatdate
from http.client import responses

from localregion.aws.http.exchange import Response


def response_bytes(response: Response, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """Return head and body. Raises ValueError for a header that would break out of its line."""
    status, headers, body = response
    lines = [_status_line(status), f"Date: {_date(int(time.time()))}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    if not keep_alive:
        lines.append("connection: close")
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) - 1:
        raise ValueError("a header's value has a line break")
    return f"{head}\r\n\r\n".encode("latin-1") + (body if with_body else b"")


@functools.cache
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {responses.get(status, '')}"


@functools.lru_cache(maxsize=1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
