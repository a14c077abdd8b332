"""Normalise a request's path before routing, and escape what goes on, as Kong does (`kong.tools.uri`).

Percent-encoded characters are decoded unless they are reserved in RFC 3986 or a percent sign; dot segments and doubled
slashes go. Text holds one character per byte.
"""

from __future__ import annotations

import re

_RESERVED = frozenset("!#$&'()*+,/:;=?@[]%")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_SLASHES = re.compile(r"//+")
_TO_ESCAPE = re.compile(r"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")


def normalize(path: str) -> str:
    if "%" in path:
        path = _ENCODED.sub(_decode, path)
    if "/." in path:
        path = _remove_dot_segments(path)
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return path


def escape(path: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"%{ord(found[0]):02X}", path)


def is_utf8(text: str) -> bool:
    """Text holds one character per byte."""
    if text.isascii():
        return True
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    return encoded[0].upper() if character in _RESERVED else character


def _remove_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)
