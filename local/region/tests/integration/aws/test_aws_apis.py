"""The AWS APIs as plain clients see them: ways to name a function, refusals, other calls, asynchronous invocations."""

from __future__ import annotations

import base64
import gzip
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
    for context in ("no base64", encoded(b"[]"), encoded(b"{"), encoded(b"[" * 2000), encoded(b'{"x": NaN}')):
        refused = invoke(emulator, **{"X-Amz-Client-Context": context})
        assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    refused = invoke(emulator, **{"X-Amz-Invocation-Type": "Later"})
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "InvalidParameterValueException")


def encoded(text):
    return base64.b64encode(text).decode()


def test_a_client_context_has_at_most_3583_bytes(emulator):
    largest = encoded(b'{"custom":{"key":"' + b"x" * 2664 + b'"}}')
    assert len(largest) == 3580
    assert invoke(emulator, **{"X-Amz-Client-Context": largest}).status_code == 200
    refused = invoke(emulator, **{"X-Amz-Client-Context": encoded(b'{"custom":{"key":"' + b"x" * 2665 + b'"}}')})
    assert refused.status_code == 400
    assert refused.json()["Message"] == "Client context must not be longer than 3583 bytes."


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


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("dynamodb", "list_tables", "UnknownOperationException"),
        ("sqs", "list_queues", "UnknownOperationException"),
        ("sts", "get_caller_identity", "InvalidAction"),
        ("rds", "describe_db_instances", "InvalidAction"),
        ("ec2", "describe_vpcs", "InvalidAction"),
        ("s3", "list_buckets", "NotImplemented"),
        ("route53", "list_hosted_zones", "NotImplemented"),
        ("cloudwatch", "list_metrics", "UnknownOperationException"),
        ("mq", "list_brokers", "NotImplementedException"),
    ],
)
def test_another_service_is_refused_in_the_protocol_of_its_client(emulator, service, operation, code):
    with pytest.raises(ClientError, match=r"is not emulated\. Supported: Lambda: Invoke") as refused:
        getattr(emulator.client(service), operation)()
    assert refused.value.response["Error"]["Code"] == code


def test_a_function_of_another_region_or_account_is_refused(client):
    with pytest.raises(ClientError, match=r"Functions from 'eu-west-1' are not reachable in this region"):
        client.invoke(FunctionName=ARN.replace("us-east-1", "eu-west-1"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client.invoke(FunctionName=ARN.replace("000000000000", "111111111111"))


def test_functions_are_listed_in_pages(client):
    paginator = client.get_paginator("list_functions")
    pages = list(paginator.paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1}))
    assert [[entry["FunctionArn"] for entry in page["Functions"]] for page in pages] == [
        [f"{ARN}:$LATEST"],
        [f"{ARN}:1"],
    ]
    whole = client.list_functions(MaxItems=10_000)
    assert [entry["FunctionArn"] for entry in whole["Functions"]] == [ARN]
    assert "NextMarker" not in whole


@pytest.mark.parametrize("query", ["MaxItems=0", "MaxItems=10001", "MaxItems=x", "Marker=x", "FunctionVersion=1"])
def test_a_list_that_does_not_exist_is_refused(emulator, query):
    refused = httpx.get(f"{emulator.url}/2015-03-31/functions?{query}", verify=NO_TLS)
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "InvalidParameterValueException")


@pytest.mark.parametrize("host", ["localhost", "host.docker.internal:4566", "[::1]:4566", "172.17.0.1", "OTHER"])
def test_the_emulator_answers_to_its_names(start_emulator, tmp_path, emulator, host):
    headers = {"Host": host}
    if host == "OTHER":
        assert httpx.get(f"{emulator.url}/_emulator/status", headers=headers, verify=NO_TLS).status_code == 421
        emulator = start_emulator(tmp_path, plan_of([]), "--allowed-host", "other", "--allowed-host", "more")
    assert httpx.get(f"{emulator.url}/_emulator/status", headers=headers, verify=NO_TLS).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_a_name_that_was_bound_to_this_machine_is_refused(emulator, host):
    target = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Host": host}
    refused = post(emulator, "/", b'{"SecretId": "database/orders"}', **target)
    assert refused.status_code == 421
    assert "--allowed-host" in refused.json()["Message"]


def test_a_page_is_refused_by_what_its_browser_sends(emulator):
    for header in ({"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "same-origin"}):
        assert invoke(emulator, **header).status_code == 403


def test_a_compressed_body_is_refused(emulator):
    refused = invoke(emulator, gzip.compress(b"{}"), **{"Content-Encoding": "gzip"})
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (415, "UnsupportedMediaTypeException")
    assert invoke(emulator, **{"Content-Encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "target"),
    [
        ("POST", "/2015-03-31/functions/echo/invocations", ""),
        ("POST", "/2015-03-31/event-source-mappings", ""),
        ("POST", "/", "secretsmanager.GetSecretValue"),
        ("PUT", "/_emulator/debug/echo", ""),
        ("PUT", "/_emulator/memory/echo", ""),
    ],
)
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000])
def test_json_of_any_depth_is_refused_and_breaks_nothing(emulator, method, path, target, content):
    headers = {"X-Amz-Target": target} if target else {}
    assert (
        httpx.request(method, emulator.url + path, content=content, headers=headers, verify=NO_TLS).status_code == 400
    )
