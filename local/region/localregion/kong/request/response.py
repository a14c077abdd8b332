"""Write a response as nginx under Kong writes it: exactly its headers, its reason phrases, its rules for bodies."""

from __future__ import annotations

import time
from email.utils import formatdate

from localregion.kong.request.exchange import Response

VERSION = "3.9.3"
SERVER = f"kong/{VERSION}"
VIA = f"2 kong/{VERSION}"

# nginx's own; any other status goes without a phrase.
_REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    406: "Not Acceptable",
    408: "Request Time-out",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    421: "Misdirected Request",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}
# nginx appends `charset UTF-8` to these, and to nothing else.
_WITH_CHARSET = frozenset(
    {"text/html", "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"}
)


def response_bytes(response: Response, *, request_id: str, latency_ms: int, keep_alive: bool, with_body: bool) -> bytes:
    """Return the response as it goes over the wire."""
    names = {name.lower() for name, _ in response.headers}
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
    if "date" not in names:
        lines.append(f"Date: {_http_date(int(time.time()))}")
    lines += _header_lines(response)
    if response.has_length:
        lines.append(f"Content-Length: {len(response.body)}")
    lines += (
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        f"X-Kong-Response-Latency: {latency_ms}",
        f"Server: {SERVER}",
        f"X-Kong-Request-Id: {request_id}",
    )
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")
    return head + response.body if with_body and response.status not in (204, 304) else head


def _header_lines(response: Response) -> list[str]:
    lines = []
    via = [VIA] if response.via else []
    for name, value in response.headers:
        match name.lower():
            case "content-type":
                if response.status == 204:
                    continue
                if value.lower() in _WITH_CHARSET:
                    value = f"{value}; charset=UTF-8"
            case "via" if via:
                via.insert(-1, value)
                continue
        lines.append(f"{name}: {value}")
    return [*lines, f"Via: {', '.join(via)}"] if via else lines


_last_date = (0, "")


def _http_date(now: int) -> str:
    global _last_date
    if _last_date[0] != now:
        _last_date = (now, formatdate(now, usegmt=True))
    return _last_date[1]
