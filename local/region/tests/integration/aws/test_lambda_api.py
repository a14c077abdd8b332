"""Lambda's API where functions are made by calls: what it shows, what it keeps, what it refuses, in AWS's words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from integration.aws.one_function import ARN, SOURCE, code_and_message, told, with_one_function
from integration.aws.region_emulator import ROLE, create_function, serving, zipped
from integration.aws.running_emulator import RunningEmulator, refusal
from tests.plain_http import NO_TLS


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    yield from serving(tmp_path_factory.mktemp("region"))


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[Any]:
    yield from with_one_function(emulator)


def test_a_configuration_is_shown_as_it_was_given(client: Any) -> None:
    given = {
        "Description": "what it does",
        "Timeout": 17,
        "MemorySize": 512,
        "Architectures": ["arm64"],
        "Environment": {"Variables": {"A": "b"}},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/1",
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
    }
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    created = create_function(
        client,
        "shown",
        SOURCE,
        **given,
        VpcConfig=network,
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"},
        SnapStart={"ApplyOn": "None"},
    )
    for shown in (created, client.get_function_configuration(FunctionName="shown")):
        assert {name: shown[name] for name in given} == given
        assert shown["Role"] == ROLE
        assert shown["VpcConfig"] == {**network, "VpcId": "", "Ipv6AllowedForDualStack": False}
        assert shown["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}
        assert shown["LoggingConfig"] == {
            "LogFormat": "JSON",
            "LogGroup": "/aws/lambda/shown",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
        }
        assert (shown["State"], shown["PackageType"]) == ("Active", "Zip")
    client.get_waiter("function_active_v2").wait(FunctionName="shown")


def test_a_function_is_found_by_every_name_it_has(client: Any) -> None:
    assert client.get_function(FunctionName=ARN)["Configuration"]["FunctionArn"] == ARN
    for name, qualifier in ((f"{ARN}:1", "1"), ("f:1", None), ("000000000000:function:f", "1")):
        shown = client.get_function_configuration(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
        assert (shown["FunctionArn"], shown["Version"]) == (f"{ARN}:1", "1")
    by_alias = client.get_function(FunctionName="f", Qualifier="live")["Configuration"]
    assert (by_alias["FunctionArn"], by_alias["Version"]) == (f"{ARN}:live", "1")


def test_a_second_function_of_a_name_is_refused(client: Any) -> None:
    answer = refusal(
        client.create_function,
        FunctionName="f",
        Role=ROLE,
        Runtime="python3.13",
        Handler="h.h",
        Code={"ZipFile": zipped({})},
    )
    assert code_and_message(answer) == ("ResourceConflictException", "Function already exist: f")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_what_is_not_there_is_told_by_its_arn(client: Any) -> None:
    missing = ARN.replace(":f", ":g").replace(":gunction", ":function")
    for call in (client.get_function, client.delete_function, client.list_versions_by_function, client.list_aliases):
        assert code_and_message(refusal(call, FunctionName="g")) == (
            "ResourceNotFoundException",
            f"Function not found: {missing}",
        )
    answer = refusal(client.get_function, FunctionName="f", Qualifier="7")
    assert code_and_message(answer) == ("ResourceNotFoundException", f"Function not found: {ARN}:7")
    answer = refusal(client.get_alias, FunctionName="f", Name="none")
    assert code_and_message(answer) == ("ResourceNotFoundException", f"Cannot find alias arn: {ARN}:none")
    answer = refusal(client.create_alias, FunctionName="f", Name="other", FunctionVersion="7")
    assert code_and_message(answer) == ("ResourceNotFoundException", f"Function not found: {ARN}:7")
    for call in (client.get_policy, client.get_function_event_invoke_config):
        assert refusal(call, FunctionName="f")["ResponseMetadata"]["HTTPStatusCode"] == 404


def _corrupt() -> bytes:
    content = bytearray(zipped({"handler.py": SOURCE * 50}))
    content[60:80] = bytes(20)
    return bytes(content)


@pytest.mark.parametrize("content", [b"no archive", _corrupt()], ids=["text", "corrupt"])
def test_an_archive_that_cannot_be_unpacked_is_refused(client: Any, content: bytes) -> None:
    words = "Could not unzip uploaded file. Please check your file, then try to upload again."
    answer = refusal(client.update_function_code, FunctionName="f", ZipFile=content)
    assert code_and_message(answer) == ("InvalidParameterValueException", words)
    answer = refusal(client.publish_layer_version, LayerName="bad", Content={"ZipFile": content})
    assert code_and_message(answer) == ("InvalidParameterValueException", words)


def test_no_file_of_an_archive_leaves_its_folder(client: Any, emulator: RunningEmulator) -> None:
    client.publish_layer_version(
        LayerName="sly", Content={"ZipFile": zipped({"../../escaped.py": "1", "/abs.py": "2"})}
    )
    found = {path.name: path for path in emulator.state.rglob("*.py") if path.name in ("escaped.py", "abs.py")}
    assert {path.parent.parent.name for path in found.values()} == {"archives"}


def test_an_archive_that_is_too_large_unpacked_is_refused(client: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(262_144_001))
    answer = refusal(client.update_function_code, FunctionName="f", ZipFile=buffer.getvalue())
    assert answer["Error"]["Message"] == "Unzipped size must be smaller than 262144000 bytes"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Timeout": 901}, "ValidationException", "Value '901' at 'timeout' failed to satisfy constraint"),
        ({"MemorySize": 10_241}, "ValidationException", "less than or equal to 10240"),
        ({"Role": "me"}, "ValidationException", "at 'role' failed to satisfy constraint"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"A": "x" * 4097}}}, "InvalidParameterValueException", "exceeded the 4KB limit"),
        (
            {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]},
            "InvalidParameterValueException",
            "Layer version arn:aws:lambda:us-east-1:000000000000:layer:none:1 does not exist.",
        ),
        (
            {"Layers": [f"arn:aws:lambda:us-east-1:111111111111:layer:l{number}:1" for number in range(6)]},
            "InvalidParameterValueException",
            "Cannot reference more than 5 layers.",
        ),
    ],
)
def test_a_configuration_that_aws_refuses_changes_nothing(client: Any, changes: Any, code: str, words: str) -> None:
    before = told(client.get_function(FunctionName="f"))
    answer = refusal(client.update_function_configuration, FunctionName="f", **changes)
    assert answer["Error"]["Code"] == code
    assert words in answer["Error"]["Message"]
    assert told(client.get_function(FunctionName="f")) == before


def test_what_nothing_here_runs_is_refused(client: Any) -> None:
    for changes in ({"Runtime": "nodejs22.x"}, {"PackageType": "Image", "Code": {"ImageUri": "image"}}):
        request = {"FunctionName": "n", "Role": ROLE, "Handler": "h.h", "Code": {"ZipFile": zipped({})}}
        answer = refusal(client.create_function, **{**request, **changes})
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    weights = {"AdditionalVersionWeights": {"1": 0.5}}
    answer = refusal(client.update_alias, FunctionName="f", Name="live", RoutingConfig=weights)
    assert "an alias has one version here" in answer["Error"]["Message"]
    answer = refusal(client.list_function_url_configs, FunctionName="f")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "/2021-10-31/functions/f/urls is not emulated" in answer["Error"]["Message"]


def test_a_revision_that_is_not_the_latest_is_refused(client: Any) -> None:
    revision = client.get_function_configuration(FunctionName="f")["RevisionId"]
    client.update_function_configuration(FunctionName="f", Timeout=4, RevisionId=revision)
    answer = refusal(client.update_function_configuration, FunctionName="f", Timeout=5, RevisionId=revision)
    assert answer["Error"]["Code"] == "PreconditionFailedException"
    answer = refusal(client.update_alias, FunctionName="f", Name="live", RevisionId=revision)
    assert answer["Error"]["Code"] == "PreconditionFailedException"


def test_a_version_that_an_alias_needs_is_not_deleted(client: Any) -> None:
    answer = refusal(client.delete_function, FunctionName="f", Qualifier="1")
    assert answer["Error"]["Code"] == "ResourceConflictException"
    assert refusal(client.delete_function, FunctionName="f", Qualifier="$LATEST")["Error"]["Message"] == (
        "$LATEST version cannot be deleted without deleting the function."
    )
    client.delete_alias(FunctionName="f", Name="live")
    client.delete_function(FunctionName="f", Qualifier="1")
    assert [each["Version"] for each in client.list_versions_by_function(FunctionName="f")["Versions"]] == ["$LATEST"]
    # Its number is not used again.
    assert client.publish_version(FunctionName="f")["Version"] == "2"


def test_lists_come_in_pages(client: Any) -> None:
    for timeout_s in range(4, 7):
        client.update_function_configuration(FunctionName="f", Timeout=timeout_s)
        client.publish_version(FunctionName="f")
    pages = client.get_paginator("list_versions_by_function").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 2}
    )
    assert [[each["Version"] for each in page["Versions"]] for page in pages] == [["$LATEST", "1"], ["2", "3"], ["4"]]
    assert len(client.list_functions(FunctionVersion="ALL")["Functions"]) == 5


def test_a_dry_run_changes_no_code(client: Any) -> None:
    before = client.get_function_configuration(FunctionName="f")["CodeSha256"]
    answer = client.update_function_code(FunctionName="f", ZipFile=zipped({"a.py": ""}), DryRun=True)
    assert answer["CodeSha256"] != before
    assert client.get_function_configuration(FunctionName="f")["CodeSha256"] == before


def test_a_request_that_is_too_large_is_refused(client: Any) -> None:
    answer = refusal(client.update_function_code, FunctionName="f", ZipFile=bytes(53_000_000))
    assert answer["Error"]["Code"] == "RequestEntityTooLargeException"


def test_a_request_that_is_no_object_of_json_is_refused(emulator: RunningEmulator) -> None:
    for body in (b"[]", b"{"):
        answer = httpx.post(f"{emulator.url}/2015-03-31/functions", content=body, verify=NO_TLS)
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "SerializationException")
