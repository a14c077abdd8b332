"""Which operation of which service a call means, and whether it changes what the control plane holds.

AWS's protocols name it in four places: https://smithy.io/2.0/aws/protocols/index.html. A signature names the service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError  # type: ignore[import-untyped]
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from localregion.aws.control_plane.call import Call

# Key, day, region, service; encoded in a presigned address.
_SCOPE = re.compile(r"Credential=[^/%]*(/|%2F)\d{8}\1[^/%]*\1(?P<name>[a-z0-9-]+)")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/(?P<name>\w+)")
_READING = re.compile(
    "Describe|List|Get|BatchGet|Head|Search|Lookup|Query|Scan|Select|Validate|Simulate|Check|Test|Estimate|Preview|Filter"
)
# What changes no resource: messages, log lines, metrics, traces, sessions, things encrypted. Kept, they would only
# make the journal longer.
_OF_NO_RESOURCE = {
    "kinesis": {"PutRecord", "PutRecords"},
    "kms": {"Encrypt", "Decrypt", "ReEncrypt", "Sign", "Verify", "GenerateMac", "VerifyMac", "GenerateRandom"}
    | {"GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyWithoutPlaintext"},
    "logs": {"PutLogEvents", "StartQuery", "StopQuery"},
    "monitoring": {"PutMetricData"},
    "sns": {"Publish", "PublishBatch"},
    "sqs": {"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"}
    | {"ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "PurgeQueue"},
    "sts": {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"},
    "xray": {"PutTraceSegments", "PutTelemetryRecords"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is None where no model of AWS has a call like this."""

    service: str
    name: str | None

    @property
    def changes(self) -> bool:
        """Whether it may change a resource. When in doubt it does."""
        if self.name is None:
            return True
        return not _READING.match(self.name) and self.name not in _OF_NO_RESOURCE.get(self.service, ())

    @property
    def waits(self) -> bool:
        """Whether it may wait for what another call brings."""
        return self.name == "ReceiveMessage"


def operation_of(call: Call) -> Operation:
    signed_for = _SCOPE.search(call.headers.get("authorization", "")) or _SCOPE.search(call.query_string)
    service = signed_for["name"] if signed_for else ""
    return Operation(service, _named(call) or _by_path(call, service))


def _named(call: Call) -> str | None:
    """Return the operation that the call itself names: JSON, CBOR, the query protocols."""
    if target := call.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if cbor := _CBOR_PATH.match(call.path):
        return cbor["name"]
    text = call.query_string
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text += "&" + call.body.decode("latin-1")
    return parse_qs(text).get("Action", [None])[0]


def _by_path(call: Call, service: str) -> str | None:
    """Return the operation of a REST call; two generations of an API may share a signing name."""
    for model in (service, f"{service}v2"):
        try:
            operation, _ = get_service_router(model).match(Request(call.environment()))
        except (UnknownServiceError, HTTPException):
            continue
        return str(operation.name)
    return None
