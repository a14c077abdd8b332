"""S3 with the bucket in the path: PutObject, GetObject and HeadObject in the buckets of the plan, and in no others.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and its neighbours: ETags, `If-Match` and
`If-None-Match` as there. An ETag is the content's MD5, as without a key of KMS. Everything else is refused by name.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from email.utils import formatdate
from pathlib import Path

from localregion.aws.http.exchange import Request, Response
from localregion.aws.s3.errors import (
    S3Error,
    no_such_bucket,
    no_such_key,
    not_implemented,
    precondition_failed,
    refusal,
)
from localregion.aws.s3.objects import Described, Objects
from localregion.aws.s3.payload import content_of

BODY_MAX_BYTES = 64 * 1024 * 1024
KEY_MAX_BYTES = 1024
# What a body in chunks is larger by, generously.
_FRAMING_BYTES = 1024 * 1024
WIRE_MAX_BYTES = BODY_MAX_BYTES + _FRAMING_BYTES
_SIGNED_FOR_S3 = re.compile(r"Credential=[^/]*/\d{8}/[^/]*/s3/aws4_request")
_OPERATIONS = {
    ("DELETE", True): "DeleteObject",
    ("POST", True): "CreateMultipartUpload",
    ("GET", False): "ListObjects",
    ("HEAD", False): "HeadBucket",
    ("PUT", False): "CreateBucket",
    ("DELETE", False): "DeleteBucket",
    ("POST", False): "DeleteObjects",
}
_REFUSED_HEADERS = {b"range": "GetObject by range", b"x-amz-copy-source": "CopyObject"}
# Some SDKs name the operation in the query.
_IGNORED_QUERY = {"x-id"}
# How a list of objects is asked for: a bucket's own settings have other names.
_LISTING = {
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "marker",
    "start-after",
    "encoding-type",
    "continuation-token",
}


class S3:
    """The plan's buckets, each in a folder of its own."""

    def __init__(self, buckets: list[str], folder: Path) -> None:
        self._folder = folder
        self._buckets = {name: Objects(folder / name) for name in buckets}

    def apply(self, buckets: list[str]) -> None:
        """Have these buckets from now on; what was in one that is gone is deleted."""
        for name in self._buckets.keys() - set(buckets):
            del self._buckets[name]
            shutil.rmtree(self._folder / name, ignore_errors=True)
        for name in set(buckets) - self._buckets.keys():
            self._buckets[name] = Objects(self._folder / name)

    def content(self, bucket: str, key: str) -> bytes | None:
        """Return an object's content, None where there is none."""
        found = self._buckets[bucket].get(key) if bucket in self._buckets else None
        return None if found is None else found[1]

    def is_object(self, request: Request) -> bool:
        """Say whether a request is about what is in a bucket here, and not about the bucket."""
        bucket, key = _bucket_and_key(request.path)
        asks_for_list = request.method == "GET" and not request.query.keys() - _LISTING
        return bucket in self._buckets and (bool(key) or asks_for_list)

    def is_meant(self, path: str, headers: dict[bytes, bytes]) -> bool:
        """Say whether a request is S3's: its path begins with a bucket of the plan, or it is signed for S3."""
        authorization, bucket = headers.get(b"authorization", b"").decode("latin-1"), _bucket_and_key(path)[0]
        return bucket in self._buckets or (bucket != "" and _SIGNED_FOR_S3.search(authorization) is not None)

    def handle(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except S3Error as error:
            return refusal(error, resource=request.path)

    def _answer(self, request: Request) -> Response:
        bucket, key = _bucket_and_key(request.path)
        _refuse_other_operations(request, has_key=bool(key))
        objects = self._buckets.get(bucket)
        if objects is None:
            raise no_such_bucket()
        if len(key.encode()) > KEY_MAX_BYTES:
            raise S3Error(400, "KeyTooLongError", "Your key is too long")
        return _put(objects, key, request) if request.method == "PUT" else _get(objects, key, request)


def _put(objects: Objects, key: str, request: Request) -> Response:
    if request.size > WIRE_MAX_BYTES or len(content := content_of(request)) > BODY_MAX_BYTES:
        raise S3Error(400, "EntityTooLarge", f"The emulator takes objects of up to {BODY_MAX_BYTES} bytes")
    _check_preconditions_of_put(objects.describe(key), request)
    described = objects.put(key, content, headers=_kept_headers(request), now=time.time())
    return Response(200, {"ETag": described.etag, **_id()}, b"")


def _check_preconditions_of_put(existing: Described | None, request: Request) -> None:
    """Two writers with one `If-Match` come one after the other: nothing here waits between check and write."""
    wanted, unwanted = request.header(b"if-match"), request.header(b"if-none-match")
    if wanted is not None:
        if existing is None:
            raise no_such_key()
        if wanted not in ("*", existing.etag, existing.etag.strip('"')):
            raise precondition_failed()
    if unwanted is not None and unwanted != "*":
        raise not_implemented("PutObject with If-None-Match other than *")
    if unwanted is not None and existing is not None:
        raise precondition_failed()


def _get(objects: Objects, key: str, request: Request) -> Response:
    described = objects.describe(key)
    if described is None:
        raise no_such_key()
    headers = {
        "Content-Type": "binary/octet-stream",
        **described.headers,
        "ETag": described.etag,
        "Last-Modified": formatdate(described.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        **_id(),
    }
    if not _matches(request.header(b"if-match") or "*", described.etag):
        raise precondition_failed()
    if _matches(request.header(b"if-none-match") or "", described.etag):
        return Response(304, headers, b"")
    found = objects.get(key)
    # The server leaves the content out where HEAD was asked.
    return Response(200, headers, found[1] if found else b"")


def _matches(tags: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in ("*", etag, etag.strip('"')) for tag in tags.split(","))


def _refuse_other_operations(request: Request, *, has_key: bool) -> None:
    named = [name for name in request.query if name not in _IGNORED_QUERY]
    if not has_key or request.method not in ("PUT", "GET", "HEAD") or named:
        operation = _OPERATIONS.get((request.method, has_key), request.method)
        raise not_implemented(f"{operation} with ?{'&'.join(named)}" if named else operation)
    for header, operation in _REFUSED_HEADERS.items():
        if header in request.headers:
            raise not_implemented(operation)


def _kept_headers(request: Request) -> dict[str, str]:
    """Return the headers that belong to the object; `aws-chunked` is how it was sent and not what it is."""
    kept = {"content-type": "Content-Type", "cache-control": "Cache-Control"}
    return {
        kept.get(name, name): value.decode("latin-1")
        for name, value in ((raw.decode("latin-1"), value) for raw, value in request.headers.items())
        if name in kept or name.startswith("x-amz-meta-")
    }


def _bucket_and_key(path: str) -> tuple[str, str]:
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def _id() -> dict[str, str]:
    return {"x-amz-request-id": str(uuid.uuid4())}
