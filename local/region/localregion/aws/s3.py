"""S3 as far as functions need it: PutObject, GetObject and HeadObject of the plan's buckets, path-style.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and its neighbours. An object is a file below the
state folder, replaced as a whole, so it is there after a restart. Conditions are `If-Match` and `If-None-Match`. Left
out: versions, listings, parts, ranges; each is refused by name.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from xml.sax.saxutils import escape

from localregion.aws.http.exchange import Request, Response

BODY_MAX = 64 * 2**20
SUPPORTED = "S3: PutObject, GetObject, HeadObject"


class S3:
    """The buckets of a plan; `folder` holds one folder for each."""

    def __init__(self, buckets: Sequence[str], folder: Path) -> None:
        self._folders = {name: folder / name for name in buckets}

    def owns(self, path: str) -> bool:
        """Say whether a path is one of a bucket: `/bucket/key`."""
        return path.removeprefix("/").partition("/")[0] in self._folders

    def handle(self, request: Request) -> Response:
        bucket, _, key = request.path.removeprefix("/").partition("/")
        answer = {"PUT": _put, "GET": _get, "HEAD": _get}.get(request.method)
        # `x-id` is what an SDK adds to say which operation it means.
        if not key or answer is None or request.query.keys() - {"x-id"}:
            call = f"{request.method} {request.path}" + (f"?{'&'.join(request.query)}" if request.query else "")
            return _error(501, "NotImplemented", f"{call} of S3 is not emulated. Supported: {SUPPORTED}.")
        if request.size > len(request.body):
            return _error(400, "EntityTooLarge", f"An object has at most {BODY_MAX} bytes here.")
        # A key may be longer than a file's name, and have dots and slashes.
        return answer(request, self._folders[bucket] / hashlib.sha256(key.encode()).hexdigest())


def _put(request: Request, path: Path) -> Response:
    current = _etag(path.read_bytes()) if path.is_file() else None
    if (wanted := request.header(b"if-match")) is not None and wanted != current:
        return _precondition_failed() if current is not None else _no_such_key()
    if request.header(b"if-none-match") == "*" and current is not None:
        return _precondition_failed()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(request.body)
    draft.replace(path)
    return Response(200, {"ETag": _etag(request.body), **_ids()}, b"")


def _get(request: Request, path: Path) -> Response:
    if not path.is_file():
        return _no_such_key()
    body = path.read_bytes()
    etag = _etag(body)
    headers = {"ETag": etag, "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True), **_ids()}
    if request.header(b"if-none-match") == etag:
        return Response(304, headers, b"")
    if (wanted := request.header(b"if-match")) is not None and wanted != etag:
        return _precondition_failed()
    return Response(200, {"Content-Type": "application/octet-stream", **headers}, body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _precondition_failed() -> Response:
    return _error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


def _no_such_key() -> Response:
    return _error(404, "NoSuchKey", "The specified key does not exist.")


def _error(status: int, code: str, message: str) -> Response:
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    headers = {"Content-Type": "application/xml", **_ids()}
    return Response(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())


def _ids() -> dict[str, str]:
    return {"x-amz-request-id": uuid.uuid4().hex[:16].upper()}
