"""Calls as the control plane reads and keeps them: which operation is meant, whether it changes anything."""

from __future__ import annotations

import json

import pytest

from localregion.aws.control_plane.call import Call, from_json, received
from localregion.aws.control_plane.operations import Operation, operation_of

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def call(service: str, method: str, uri: str, body: bytes = b"", **headers: str) -> Call:
    scope = f"AKID/20261129/us-east-1/{service}/aws4_request"
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    return Call(method, uri, signed | {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("sent", "operation"),
    [
        (call("logs", "POST", "/", x_amz_target="Logs_20140328.CreateLogGroup"), Operation("logs", "CreateLogGroup")),
        (call("ec2", "POST", "/", b"Action=CreateVpc&Version=1", content_type=FORM), Operation("ec2", "CreateVpc")),
        (call("sts", "GET", "/?Action=GetCallerIdentity"), Operation("sts", "GetCallerIdentity")),
        (
            call("monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutDashboard"),
            Operation("monitoring", "PutDashboard"),
        ),
        (call("mq", "GET", "/v1/brokers/b-1/users/first"), Operation("mq", "DescribeUser")),
        (call("scheduler", "DELETE", "/schedules/every-minute"), Operation("scheduler", "DeleteSchedule")),
        (call("apigateway", "POST", "/v2/apis"), Operation("apigateway", "CreateApi")),
        (call("s3", "PUT", "/bucket?versioning"), Operation("s3", "PutBucketVersioning")),
        (call("s3", "HEAD", "/bucket"), Operation("s3", "HeadBucket")),
        (call("mq", "GET", "/v9/nothing"), Operation("mq", None)),
        (call("no-such-service", "GET", "/things"), Operation("no-such-service", None)),
        (Call("GET", "/bucket/key?X-Amz-Credential=A%2F20261129%2Fus-east-1%2Fs3%2Faws4_request", {}, b""), None),
    ],
)
def test_an_operation_is_named_in_each_protocol(sent: Call, operation: Operation | None) -> None:
    assert operation_of(sent) == (operation or Operation("s3", "GetObject"))


@pytest.mark.parametrize(
    ("service", "name", "changes"),
    [
        ("ec2", "CreateTags", True),
        ("ec2", "DescribeVpcs", False),
        ("iam", "ListRoles", False),
        ("secretsmanager", "GetRandomPassword", False),
        ("secretsmanager", "PutSecretValue", True),
        ("kms", "ScheduleKeyDeletion", True),
        ("kms", "Decrypt", False),
        ("logs", "PutLogEvents", False),
        ("sqs", "ReceiveMessage", False),
        ("sqs", "CreateQueue", True),
        ("dynamodb", "PutItem", True),
        ("any", None, True),
    ],
)
def test_only_what_changes_a_resource_is_kept(service: str, name: str | None, changes: bool) -> None:
    assert Operation(service, name).changes is changes


@pytest.mark.parametrize("body", [b'{"a": "\xc3\xa4"}', bytes(range(256)), b""])
def test_a_call_is_the_same_after_it_was_kept(body: bytes) -> None:
    sent = call("s3", "PUT", "/bucket/a%2Fb%20c?x-id=PutObject&tag=%C3%A4", body, content_type="text/plain", host="::1")
    environment = from_json(json.loads(json.dumps(sent.to_json()))).environment()
    assert environment["PATH_INFO"] == "/bucket/a/b c"
    assert environment["RAW_URI"] == sent.uri
    again = received(environment)
    assert again.headers.pop("content-length") == str(len(body))
    assert again == sent


def test_a_body_in_chunks_is_kept_whole() -> None:
    sent = call("s3", "PUT", "/bucket/key", b"whole", transfer_encoding="chunked")
    again = received(sent.environment() | {"wsgi.input_terminated": True})
    assert again.body == b"whole"
    assert "transfer-encoding" not in again.headers
