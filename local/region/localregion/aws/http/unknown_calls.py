"""Refuse a call that nothing here emulates, in the protocol that the client speaks, so that it can show the reason.

AWS's services speak JSON, XML (`query`, as sts and rds do, `ec2` and `rest-xml`) or CBOR:
https://smithy.io/2.0/aws/protocols/index.html. A client's signature says which service it means.
"""

from __future__ import annotations

import re
import struct
import uuid
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from localregion.aws.http.errors import not_emulated, service_failure
from localregion.aws.http.exchange import Request, Response, json_response, refusal

_SERVICE = re.compile(r"Credential=[^/]*/\d{8}/[^/]*/(?P<name>[a-z0-9-]+)/aws4_request")
_REST_XML = {"s3", "cloudfront", "route53", "s3express", "s3-object-lambda", "s3-outposts"}
_UNKNOWN_OPERATION = "UnknownOperationException"
_FAILURE = "InternalFailure"


def refuse(request: Request, *, supported: str, call: str | None = None) -> Response:
    """Answer a call that no API here has; `supported` says what there is, `call` what was called if that is known."""
    message = f"{call or _call(request)} is not emulated. Supported: {supported}."
    if _is_cbor(request):
        return _cbor(400, _UNKNOWN_OPERATION, message)
    if request.header(b"x-amz-target") is not None:
        return json_response({"__type": _UNKNOWN_OPERATION, "Message": message}, 400)
    if _action(request) is not None:
        return _xml(400, "InvalidAction", message, service=_service(request))
    if _service(request) in _REST_XML:
        return _xml(501, "NotImplemented", message, service=_service(request))
    return refusal(not_emulated(message))


def fail(request: Request, message: str) -> Response:
    """Answer a call at which what emulates it failed. Clients repeat such a call."""
    if _is_cbor(request):
        return _cbor(500, _FAILURE, message)
    if request.header(b"x-amz-target") is not None:
        return json_response({"__type": _FAILURE, "Message": message}, 500)
    if _action(request) is not None or _service(request) in _REST_XML:
        return _xml(500, _FAILURE, message, service=_service(request))
    return refusal(service_failure(message))


def _service(request: Request) -> str:
    signed_for = _SERVICE.search(request.header(b"authorization") or "")
    return signed_for["name"] if signed_for else ""


def _call(request: Request) -> str:
    if target := request.header(b"x-amz-target"):
        return target
    action = _action(request)
    return f"{_service(request)} {action}".strip() if action else f"{request.method} {request.path}"


def _is_cbor(request: Request) -> bool:
    return request.header(b"smithy-protocol") == "rpc-v2-cbor"


def _action(request: Request) -> str | None:
    """Return the action of a call in the query protocol."""
    if "Action" in request.query:
        return request.query["Action"]
    if not (request.header(b"content-type") or "").startswith("application/x-www-form-urlencoded"):
        return None
    return parse_qs(request.body.decode("latin-1")).get("Action", [None])[0]


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
