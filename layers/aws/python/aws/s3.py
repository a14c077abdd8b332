"""One object in S3, written whole and asked for its ETag, signed and sent with the standard library.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and API_HeadObject.html. Honours AWS_ENDPOINT_URL and
AWS_ENDPOINT_URL_S3 as the SDKs do. The time-out is for the whole call, also with a slow server or resolver.
"""

from __future__ import annotations

import hashlib
import http.client
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from aws import credentials, sigv4
from sockets import Deadline
from sockets.http import exchange

TIMEOUT_S = 5.0


class ObjectUnavailableError(Exception):
    """S3 did not do what it was asked to; says to which object, and what it answered."""


class StoredObject:
    """`s3://bucket/key`."""

    def __init__(
        self, bucket: str, key: str, *, environ: Mapping[str, str] = os.environ, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._environ = environ
        self._timeout_s = timeout_s

    def put(self, body: bytes, *, content_type: str) -> str:
        """Replace the object, return its ETag. Raises ObjectUnavailableError: it may be replaced all the same."""
        status, headers, answer = self._ask("PUT", body, {"content-type": content_type})
        if status != http.HTTPStatus.OK:
            raise self._refused(status, answer)
        return headers.get("ETag", "")

    def etag(self) -> str | None:
        """Return the object's ETag, None where there is none. Raises ObjectUnavailableError."""
        status, headers, answer = self._ask("HEAD", b"", {})
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        if status != http.HTTPStatus.OK:
            raise self._refused(status, answer)
        return headers.get("ETag", "")

    def _ask(self, method: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        url, deadline = self._url(), Deadline(self._timeout_s)
        address = urlsplit(url)
        try:
            signed = sigv4.sign(
                method,
                address.path,
                body,
                host=address.netloc,
                headers={**headers, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()},
                service="s3",
                region=self._environ["AWS_REGION"],
                credentials=credentials.load(self._environ, timeout_s=deadline.remaining_s()),
                at=datetime.now(UTC),
            )
            return exchange(method, url, headers=signed, body=body or None, deadline=deadline)
        except TimeoutError as error:
            raise ObjectUnavailableError(f"{self}: no answer within {self._timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise ObjectUnavailableError(f"{self}: {type(error).__name__}: {error}") from error

    def _url(self) -> str:
        endpoint = self._environ.get("AWS_ENDPOINT_URL_S3") or self._environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            return f"{endpoint.rstrip('/')}/{self._bucket}/{quote(self._key)}"
        return f"https://{self._bucket}.s3.{self._environ['AWS_REGION']}.amazonaws.com/{quote(self._key)}"

    def _refused(self, status: int, answer: bytes) -> ObjectUnavailableError:
        return ObjectUnavailableError(f"{self}: {status} {answer[:300].decode(errors='replace')}".rstrip())

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._key}"
