"""The protocol `rpc-v2-cbor`: CloudWatch's in the SDKs of Go, Java and others.

AWS: a service takes it beside JSON, with the same names. moto has no CBOR; here a call becomes one in JSON, and the
answer becomes CBOR again. In CBOR a time is told from a number, so that needs the operation's description.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

from botocore.parsers import RpcV2CBORParser  # type: ignore[import-untyped]
from botocore.serialize import RpcV2CBORSerializer  # type: ignore[import-untyped]
from moto.core.utils import get_service_model

from localregion.aws.control_plane.call import Call
from localregion.aws.http import unknown_calls
from localregion.aws.http.exchange import Response

PROTOCOL = "rpc-v2-cbor"
_PATH = re.compile(r"/service/[^/]+/operation/[^/]+")
# Where botocore calls a service by another name than its signature does.
_NAMES = {"monitoring": "cloudwatch"}
_OF_THE_BODY = ("content-type", "content-length", "smithy-protocol", "accept")


def is_meant(call: Call) -> bool:
    return call.headers.get("smithy-protocol") == PROTOCOL and _PATH.fullmatch(call.path) is not None


def as_json(call: Call) -> Call:
    """Return the same call in JSON. Raises ValueError for a body that is no CBOR."""
    _, _, target, _, operation = call.path.split("/")
    headers = {name: value for name, value in call.headers.items() if name not in _OF_THE_BODY}
    headers["content-type"] = "application/x-amz-json-1.0"
    headers["x-amz-target"] = f"{target}.{operation}"
    return Call("POST", "/", headers, json.dumps(_decoded(call.body), default=_json_value).encode())


def as_cbor(response: Response, *, service: str, operation: str) -> Response:
    """Return the same answer in CBOR."""
    fields = json.loads(response.body or b"{}")
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _OF_THE_BODY}
    if response.status >= 400:
        message = fields.get("message") or fields.get("Message") or ""
        body = unknown_calls.cbor_error(fields.get("__type", "InternalFailure"), message)
    else:
        body = _encoded(fields, service, operation)
    return Response(response.status, {**headers, "Content-Type": "application/cbor", "smithy-protocol": PROTOCOL}, body)


def _decoded(body: bytes) -> Any:
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def _json_value(value: object) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} in CBOR")


def _encoded(fields: dict[str, Any], service: str, operation: str) -> bytes:
    shape = get_service_model(_NAMES.get(service, service)).operation_model(operation).output_shape
    if shape is None:
        return b""
    body: bytes = RpcV2CBORSerializer()._serialize_body_params(fields, shape)
    return body
