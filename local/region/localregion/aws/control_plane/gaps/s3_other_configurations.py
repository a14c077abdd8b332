"""S3: configurations of a bucket that moto does not know.

AWS: a query such as `?intelligent-tiering` asks for one of a bucket's configurations. moto takes a query that it does
not know for none: it would list or make the bucket and say that all is well. Here it has no such operation.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.s3.responses import S3Response

_UNKNOWN = frozenset(
    {"abac", "analytics", "intelligent-tiering", "metadataConfiguration", "metadataTable", "metrics", "session"}
)
_respond = S3Response._bucket_response


def bucket_response(self: S3Response, request: Any, full_url: str) -> str | TYPE_RESPONSE:
    if asked_for := _UNKNOWN & set(request.args):
        raise NotImplementedError(f"S3 has no {asked_for} here.")
    return _respond(self, request, full_url)


def fill() -> None:
    S3Response._bucket_response = bucket_response  # type: ignore[method-assign]
