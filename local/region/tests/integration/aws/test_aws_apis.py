"""The AWS APIs as plain clients see them: ways to name a function, refusals, other calls, asynchronous invocations."""

from __future__ import annotations

import json

import httpx
import pytest
from botocore.exceptions import ClientError
from integration.aws.running_emulator import function, plan_of, wait_until, write_function
from tests.plain_http import NO_TLS

ARN = "arn:aws:lambda:us-east-1:000000000000:function:echo"


@pytest.fixture(scope="module")
def emulator(start_emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", "def echo(event, context):\n    print('got', event)\n    return event\n")
    return start_emulator(folder, plan_of([function("echo", "probe.handler.echo", reserved_concurrency=3)]))


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client()


def post(emulator, path, content=b"{}", **headers):
    return httpx.post(emulator.url + path, content=content, headers=headers, timeout=60, verify=NO_TLS)


def invoke(emulator, content=b"{}", name="echo", **headers):
    return post(emulator, f"/2015-03-31/functions/{name}/invocations", content, **headers)


@pytest.mark.parametrize("name", ["echo", ARN, "000000000000:function:echo", "echo:live", f"{ARN}:1", "echo:$LATEST"])
def test_a_function_is_found_by_every_name_it_has(client, name):
    answer = client.invoke(FunctionName=name, Payload=b"[1]")
    assert json.loads(answer["Payload"].read()) == [1]


def test_an_unknown_function_is_not_found(emulator, client):
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName="nobody")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert invoke(emulator, name="nobody").json() == {
        "Type": "User",
        "Message": "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST",
    }


@pytest.mark.parametrize("qualifier", ["2", "dead"])
def test_an_unknown_version_or_alias_is_not_found(client, qualifier):
    with pytest.raises(ClientError, match=f"Function not found: {ARN}:{qualifier}"):
        client.invoke(FunctionName="echo", Qualifier=qualifier)


def test_a_dry_run_runs_nothing(client, emulator):
    before = invocations(emulator)
    answer = client.invoke(FunctionName="echo", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert invocations(emulator) == before


def invocations(emulator):
    return next(entry["invocations"] for entry in emulator.status()["functions"] if entry["name"] == "echo")


def test_an_event_is_accepted_and_runs_later(client, emulator):
    answer = client.invoke(FunctionName="echo", InvocationType="Event", Payload=b'"asynchronous"')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    wait_until(lambda: "got asynchronous" in emulator.log("echo"))
    assert f"START RequestId: {answer['ResponseMetadata']['RequestId']}" in emulator.log("echo")


@pytest.mark.parametrize("content", [b"{", b"NaN", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(emulator, content):
    refused = invoke(emulator, content)
    assert refused.status_code == 400
    assert refused.headers["x-amzn-errortype"] == "InvalidRequestContentException"
    assert refused.json()["Message"].startswith("Could not parse request body into json: ")


def test_an_empty_body_is_an_empty_event(emulator):
    assert invoke(emulator, b"").json() == {}


def test_a_payload_over_the_limit_is_refused(emulator):
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert len(invoke(emulator, largest[:-2] + b'"').content) == 6_291_455
    refused = invoke(emulator, largest + b" ")
    assert refused.status_code == 413
    assert refused.headers["x-amzn-errortype"] == "RequestTooLargeException"


def test_an_asynchronous_payload_may_have_one_megabyte(emulator):
    event = {"X-Amz-Invocation-Type": "Event"}
    refused = post(emulator, "/2015-03-31/functions/echo/invocations", b'"' + b"x" * 1_048_576 + b'"', **event)
    assert refused.status_code == 413
    assert "limit 1048576 bytes" in refused.json()["Message"]


def test_a_wrong_client_context_or_invocation_type_is_refused(emulator):
    assert invoke(emulator, **{"X-Amz-Client-Context": "no base64"}).status_code == 400
    refused = invoke(emulator, **{"X-Amz-Invocation-Type": "Later"})
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "InvalidParameterValueException")


def test_functions_are_described_as_aws_does(client):
    described = client.get_function(FunctionName="echo")
    configuration = described["Configuration"]
    assert configuration["FunctionArn"] == ARN
    assert (configuration["MemorySize"], configuration["Timeout"], configuration["State"]) == (128, 30, "Active")
    assert described["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert client.get_function_configuration(FunctionName="echo", Qualifier="live")["Version"] == "1"
    assert [entry["FunctionName"] for entry in client.list_functions()["Functions"]] == ["echo"]


def test_secrets_come_from_the_same_address(emulator):
    secrets = emulator.client("secretsmanager")
    found = secrets.get_secret_value(SecretId="database/orders")
    assert json.loads(found["SecretString"]) == {"username": "orders", "password": "hidden"}
    assert secrets.get_secret_value(SecretId=found["ARN"])["Name"] == "database/orders"
    with pytest.raises(secrets.exceptions.ResourceNotFoundException, match="can't find the specified secret"):
        secrets.get_secret_value(SecretId="nobody")


def test_what_is_not_emulated_is_refused_with_what_is(emulator, client):
    with pytest.raises(ClientError, match=r"is not emulated\. Supported: Invoke") as refused:
        client.delete_function(FunctionName="echo")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    unknown = httpx.get(f"{emulator.url}/2020-05-31/distribution", verify=NO_TLS)
    assert "Supported: Lambda: Invoke" in unknown.json()["Message"]
    with pytest.raises(ClientError, match="UnknownOperationException"):
        emulator.client("dynamodb").list_tables()
