"""Whether a call changes what the control plane holds; of a REST call, which operation it is, by the models of AWS."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import UnknownServiceError  # type: ignore[import-untyped]
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from localregion.aws.control_plane.call import Call
from localregion.aws.http import operation

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
        return not operation.is_read(self.name) and self.name not in _OF_NO_RESOURCE.get(self.service, ())

    @property
    def waits(self) -> bool:
        """Whether it may wait for what another call brings."""
        return self.name == "ReceiveMessage"


def operation_of(call: Call) -> Operation:
    asked = operation.operation_of(call.request())
    return Operation(asked.service, asked.name or _by_path(call, asked.service))


def _by_path(call: Call, service: str) -> str | None:
    """Return the operation of a REST call; two generations of an API may share a signing name."""
    for model in (service, f"{service}v2"):
        try:
            found, _ = get_service_router(model).match(Request(call.environment()))
        except (UnknownServiceError, HTTPException):
            continue
        return str(found.name)
    return None
