"""Read a request's JSON body, gzipped or not, within a limit that also holds for what it unpacks to."""

from __future__ import annotations

import codecs
import json
import zlib
from typing import Any, NoReturn

from aiohttp import web

from localregion.console.http.answers import ProblemError

# The links of the largest batch that Lambda passes on are under two megabytes.
BODY_MAX_BYTES = 8 * 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_REPLACING = "replacing-each-byte"


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error(_REPLACING, _replacement)


async def read_json(
    request: web.Request, *, max_bytes: int = BODY_MAX_BYTES, replaces_other_than_utf8: bool = False
) -> Any:
    """Return the decoded body. Raises ProblemError: 400 for what is no JSON, 413 for too much, 415 for an encoding.

    A byte that is not UTF-8 is an error, or it becomes U+FFFD, as Go's `encoding/json` reads it.
    """
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > max_bytes:
            raise ProblemError(413, f"a body has at most {max_bytes} bytes")
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise ProblemError(415, "Content-Encoding is gzip or none")
    unpacked = _unpacked(bytes(raw), max_bytes) if encoding == "gzip" else bytes(raw)
    return _decoded(unpacked, errors=_REPLACING if replaces_other_than_utf8 else "strict")


def _unpacked(raw: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(raw, max_bytes + 1)
    except zlib.error as error:
        raise ProblemError(400, f"the body is no gzip: {error}") from error
    if len(unpacked) > max_bytes:
        raise ProblemError(413, f"a body unpacks to at most {max_bytes} bytes")
    if not unpacker.eof:
        raise ProblemError(400, "the gzip ends too soon")
    return unpacked


def _decoded(raw: bytes, *, errors: str) -> Any:
    try:
        return json.loads(raw.decode(errors=errors), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, f"the body is no JSON: {error}"[:300]) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
