"""S3's refusals, in its XML: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""

from __future__ import annotations

import uuid
from xml.sax.saxutils import escape

from localregion.aws.http.exchange import Response


class S3Error(Exception):
    """A call that S3 refuses: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def no_such_bucket() -> S3Error:
    return S3Error(404, "NoSuchBucket", "The specified bucket does not exist")


def no_such_key() -> S3Error:
    return S3Error(404, "NoSuchKey", "The specified key does not exist.")


def precondition_failed() -> S3Error:
    return S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


def bad_digest(name: str) -> S3Error:
    return S3Error(400, "BadDigest", f"The {name} you specified did not match the calculated checksum.")


def not_implemented(operation: str) -> S3Error:
    supported = "PutObject, GetObject, HeadObject"
    return S3Error(501, "NotImplemented", f"S3's {operation} is not emulated. Supported: {supported}.")


def refusal(error: S3Error, *, resource: str) -> Response:
    request_id = str(uuid.uuid4())
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{error.code}</Code>'
        f"<Message>{escape(error.message)}</Message><Resource>{escape(resource)}</Resource>"
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    return Response(error.status, {"Content-Type": "application/xml", "x-amz-request-id": request_id}, body.encode())
