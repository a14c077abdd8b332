"""Refuse a call that nothing here emulates, in the protocol that the client speaks, so that it can show the reason.

AWS's services speak JSON, XML (`query`, as sts and rds do, `ec2` and `rest-xml`) or CBOR:
https://smithy.io/2.0/aws/protocols/index.html. A client's signature says which service it means.
"""

from __future__ import annotations

import json
import struct
import uuid
from xml.sax.saxutils import escape

from localregion.aws.http.errors import LambdaApiError
from localregion.aws.http.exchange import Request, Response, json_response, refusal
from localregion.aws.http.operation import operation_of

_REST_XML = {"s3", "cloudfront", "route53", "s3express", "s3-object-lambda", "s3-outposts"}


def refuse(request: Request, *, supported: str, call: str | None = None) -> Response:
    """Answer a call that no API here has; `supported` says what there is, `call` what was called if that is known."""
    operation, target = operation_of(request), request.header(b"x-amz-target")
    named = call or target or (operation.name and f"{operation.service} {operation.name}".strip())
    message = f"{named or f'{request.method} {request.path}'} is not emulated. Supported: {supported}."
    if target is not None or request.header(b"smithy-protocol") == "rpc-v2-cbor":
        return error_of(request, 400, "UnknownOperationException", message)
    if operation.name:
        return error_of(request, 400, "InvalidAction", message)
    code = "NotImplemented" if operation.service in _REST_XML else "NotImplementedException"
    return error_of(request, 501, code, message)


def fail(request: Request, message: str) -> Response:
    """Answer a call at which what emulates it failed. Clients repeat such a call."""
    return error_of(request, 500, "InternalFailure", message)


def error_of(request: Request, status: int, code: str, message: str) -> Response:
    """Return an error in the protocol that the client speaks."""
    operation = operation_of(request)
    if request.header(b"smithy-protocol") == "rpc-v2-cbor":
        return _cbor(status, code, message)
    if request.header(b"x-amz-target") is not None:
        return json_response({"__type": code, "Message": message}, status)
    if operation.name or operation.service in _REST_XML:
        return _xml(status, code, message, service=operation.service)
    return refusal(LambdaApiError(status, code, json.dumps({"Type": "User", "Message": message}).encode()))


def _xml(status: int, code: str, message: str, *, service: str) -> Response:
    request_id = str(uuid.uuid4())
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if service == "ec2":
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif service.startswith("s3"):
        body = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        sender = f"<Error><Type>Sender</Type>{error}</Error><RequestId>{request_id}</RequestId>"
        body = f"<ErrorResponse>{sender}</ErrorResponse>"
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    return Response(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())


def _cbor(status: int, code: str, message: str) -> Response:
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return Response(status, headers, cbor_error(code, message))


def cbor_error(code: str, message: str) -> bytes:
    """Return the body of an error: a map of two pairs (https://www.rfc-editor.org/rfc/rfc8949#section-3.1)."""
    return b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))


def _cbor_text(text: str) -> bytes:
    encoded = text.encode()
    return b"\x79" + struct.pack(">H", len(encoded)) + encoded
