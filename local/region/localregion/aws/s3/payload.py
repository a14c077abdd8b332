"""Pure: the object in a request's body, as SDKs send it: plain, or in signed or checksummed chunks (`aws-chunked`).

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html. Signatures are not looked at. Checksums
that Python's library has are checked; CRC32C and CRC64NVME are taken as they are.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping

from localregion.aws.http.exchange import Request
from localregion.aws.s3.errors import S3Error, bad_digest

_CHECKSUM = "x-amz-checksum-"
_CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
}


def content_of(request: Request) -> bytes:
    """Return the object. Raises S3Error for a body that is not what its checksums, its lengths or its form say."""
    content, trailers = request.body, dict[str, str]()
    if (request.header(b"x-amz-content-sha256") or "").startswith("STREAMING-"):
        content, trailers = _unchunked(request.body)
        if (request.header(b"x-amz-decoded-content-length") or str(len(content))) != str(len(content)):
            raise _incomplete()
    _check_digests(request, content, trailers)
    return content


def _unchunked(body: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the content and the trailers of a chunked body."""
    parts: list[bytes] = []
    position = 0
    while True:
        line, position = _line(body, position)
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise _incomplete() from None
        if size == 0:
            return b"".join(parts), _trailers(body[position:])
        parts.append(body[position : position + size])
        position += size
        if body[position : position + 2] != b"\r\n":
            raise _incomplete()
        position += 2


def _line(body: bytes, start: int) -> tuple[bytes, int]:
    end = body.find(b"\r\n", start)
    if end < 0:
        raise _incomplete()
    return body[start:end], end + 2


def _trailers(text: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.decode("latin-1").splitlines() if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _check_digests(request: Request, content: bytes, trailers: Mapping[str, str]) -> None:
    md5 = request.header(b"content-md5")
    if md5 is not None and md5 != _base64(hashlib.md5(content, usedforsecurity=False).digest()):
        raise bad_digest("Content-MD5")
    for name, digest in _CHECKSUMS.items():
        given = trailers.get(_CHECKSUM + name) or request.header((_CHECKSUM + name).encode())
        if given is not None and given != _base64(digest(content)):
            raise bad_digest(name.upper())


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _incomplete() -> S3Error:
    return S3Error(400, "IncompleteBody", "The request body terminated unexpectedly")
