"""Which operation of which service a request asks for, by the protocols of AWS.

JSON names it in `X-Amz-Target`, query in `Action`, CBOR and REST in the path; the signature names the service.
https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from localregion.aws.http.exchange import Request

# Key, day, region, service: in a header, or in a presigned address.
_SCOPE = re.compile(r"(?:Credential=|^)[^/]*/\d{8}/(?P<region>[^/]*)/(?P<service>[a-z0-9-]+)/aws4_request")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(?P<name>\w+)")
_READING = re.compile(
    "Describe|List|Get|BatchGet|Head|Search|Lookup|Query|Scan|Select|Validate|Simulate|Check|Test|Estimate|Preview|Filter"
)


class Operation(NamedTuple):
    """`name` is empty for a REST call, whose method and path say it; `region` is that of the signature."""

    service: str
    name: str
    region: str


def operation_of(request: Request) -> Operation:
    """Return what is asked for; without a signature the service is empty."""
    signed = _SCOPE.search(request.header(b"authorization") or request.query.get("X-Amz-Credential", ""))
    service, region = (signed["service"], signed["region"]) if signed else ("", "")
    return Operation(service, _name(request), region)


def changes(request: Request, operation: Operation) -> bool:
    """Say whether a call may change what there is."""
    return not is_read(operation.name) if operation.name else request.method not in ("GET", "HEAD")


def is_read(name: str) -> bool:
    """Say whether an operation of this name changes nothing, by the verbs that AWS uses."""
    return _READING.match(name) is not None


def _name(request: Request) -> str:
    if (target := request.header(b"x-amz-target")) is not None:
        return target.rpartition(".")[2]
    if (cbor := _CBOR_PATH.fullmatch(request.path)) is not None:
        return cbor["name"]
    if "Action" in request.query:
        return request.query["Action"]
    if (request.header(b"content-type") or "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode("latin-1")).get("Action", [""])[0]
    return ""
