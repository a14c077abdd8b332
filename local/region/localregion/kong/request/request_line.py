"""Read a request's first line as nginx does (`ngx_http_parse_request_line`, `ngx_http_parse_complex_uri`).

Any upper-case method, origin-form and absolute-form; a target keeps its escapes and its fragment. A path that leaves
the root, or with a broken escape or `%00`, is refused. Left out: HTTP/0.9.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from localregion.kong.request.host import checked_host

BAD_REQUEST = (400, "Bad request")
VERSION_NOT_SUPPORTED = (505, "HTTP Version Not Supported")

_LINE = re.compile(
    r"(?P<method>[A-Z_-]+) +"
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<host>\[[0-9A-Za-z:._~!$&'()*+,;=-]*\]|[0-9A-Za-z.-]*)(?::[0-9]*)?)?"
    r"(?P<target>(?:[/?][^\x00-\x20\x7f]*)?) +HTTP/(?P<version>[1-9][^\r\n]*?) *(?:\r?\n)?"
)
_LATER_VERSION = re.compile(r"[2-9]|1[0-9]")
_VERSION = re.compile(r"1\.0*([0-9]{1,3})")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class HeadError(Exception):
    """nginx refuses the request, with a status and with Kong's words for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = (status, message)


class RequestLine(NamedTuple):
    """`host` is the one that an absolute-form target names, which counts more than the header's."""

    method: str
    target: str
    host: str | None
    http_version: tuple[int, int]


def parse_request_line(line: str) -> RequestLine:
    """Return the parts of a line, with its end or without. Raises HeadError."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise HeadError(*BAD_REQUEST)
    method, scheme, named, target, version = found.groups()
    http_version = (1, 1) if version == "1.1" else _http_version(version)
    host = None
    if scheme is None:
        if not target.startswith("/"):
            raise HeadError(*BAD_REQUEST)
    elif (host := checked_host(named)) is None:
        raise HeadError(*BAD_REQUEST)
    _check_path(target)
    return RequestLine(method, target or "/", host, http_version)


def _http_version(text: str) -> tuple[int, int]:
    if _LATER_VERSION.match(text):
        raise HeadError(*VERSION_NOT_SUPPORTED)
    minor = _VERSION.fullmatch(text)
    if minor is None:
        raise HeadError(*BAD_REQUEST)
    return 1, int(minor[1])


def _check_path(target: str) -> None:
    path = target.partition("?")[0].partition("#")[0]
    if "%" in path:
        if _BROKEN_ESCAPE.search(path):
            raise HeadError(*BAD_REQUEST)
        path = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), path)
    if "/.." in path:
        depth = 0
        for segment in path.split("/"):
            # Slashes are merged, so an empty segment is none.
            depth += -1 if segment == ".." else segment not in ("", ".")
            if depth < 0:
                raise HeadError(*BAD_REQUEST)
