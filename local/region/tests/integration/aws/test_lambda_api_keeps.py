"""What Lambda's API keeps beside a function: aliases, concurrency, configurations of events, policies, tags, layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from integration.aws.one_function import ARN, code_and_message, told, with_one_function
from integration.aws.region_emulator import serving, zipped
from integration.aws.running_emulator import RunningEmulator, refusal
from tests.plain_http import NO_TLS


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    yield from serving(tmp_path_factory.mktemp("region"))


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[Any]:
    yield from with_one_function(emulator)


def test_aliases_are_kept(client: Any) -> None:
    created = client.get_alias(FunctionName="f", Name="live")
    assert (created["AliasArn"], created["FunctionVersion"], created["Description"]) == (f"{ARN}:live", "1", "")
    answer = refusal(client.create_alias, FunctionName="f", Name="live", FunctionVersion="1")
    assert code_and_message(answer) == ("ResourceConflictException", f"Alias already exists: {ARN}:live")
    changed = client.update_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST", RoutingConfig={})
    assert changed["FunctionVersion"] == "$LATEST"
    assert changed["RevisionId"] != created["RevisionId"]
    client.create_alias(FunctionName="f", Name="another", FunctionVersion="1", Description="d")
    names = [alias["Name"] for alias in client.list_aliases(FunctionName="f", FunctionVersion="1")["Aliases"]]
    assert names == ["another"]
    client.delete_alias(FunctionName="f", Name="live")
    assert client.delete_alias(FunctionName="f", Name="live")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_concurrency_is_kept(client: Any) -> None:
    assert told(client.get_function_concurrency(FunctionName="f")) == {}
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)
    assert client.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 3
    account = client.get_account_settings()
    assert account["AccountLimit"]["UnreservedConcurrentExecutions"] == 97
    assert account["AccountUsage"]["FunctionCount"] == 1
    client.delete_function_concurrency(FunctionName="f")
    assert told(client.get_function_concurrency(FunctionName="f")) == {}


def test_event_invoke_configurations_are_kept_by_qualifier(client: Any) -> None:
    client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=1)
    client.update_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumEventAgeInSeconds=90)
    shown = client.get_function_event_invoke_config(FunctionName="f", Qualifier="live")
    assert (shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"]) == (1, 90)
    assert shown["FunctionArn"] == f"{ARN}:live"
    client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumEventAgeInSeconds=60)
    assert "MaximumRetryAttempts" not in client.get_function_event_invoke_config(FunctionName="f", Qualifier="live")
    assert len(client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]) == 1
    client.delete_function_event_invoke_config(FunctionName="f", Qualifier="live")
    answer = refusal(client.get_function_event_invoke_config, FunctionName="f", Qualifier="live")
    assert answer["Error"]["Message"] == f"The function {ARN}:live doesn't have an EventInvokeConfig"


def test_policies_are_kept_by_qualifier(client: Any) -> None:
    rule = "arn:aws:events:us-east-1:000000000000:rule/r"
    permission = {
        "FunctionName": "f",
        "Qualifier": "live",
        "StatementId": "s",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": rule,
    }
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{ARN}:live",
        "Condition": {"ArnLike": {"AWS:SourceArn": rule}},
    }
    assert json.loads(client.add_permission(**permission)["Statement"]) == statement
    assert "already exists" in refusal(client.add_permission, **permission)["Error"]["Message"]
    policy = json.loads(client.get_policy(FunctionName="f", Qualifier="live")["Policy"])
    assert policy == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    client.remove_permission(FunctionName="f", Qualifier="live", StatementId="s")
    answer = refusal(client.get_policy, FunctionName="f", Qualifier="live")
    assert code_and_message(answer) == ("ResourceNotFoundException", "The resource you requested does not exist.")


def test_tags_are_kept(client: Any) -> None:
    client.tag_resource(Resource=ARN, Tags={"a": "1", "b": "2", "c": "3"})
    client.untag_resource(Resource=ARN, TagKeys=["a", "b"])
    assert client.list_tags(Resource=ARN)["Tags"] == {"c": "3"} == client.get_function(FunctionName="f")["Tags"]
    assert refusal(client.list_tags, Resource=f"{ARN}x")["Error"]["Code"] == "ResourceNotFoundException"


def test_layers_are_kept_by_version(client: Any) -> None:
    for number in (1, 2):
        made = client.publish_layer_version(
            LayerName="l",
            Description=f"version {number}",
            Content={"ZipFile": zipped({"python/l.py": str(number)})},
            CompatibleRuntimes=["python3.13"],
            CompatibleArchitectures=["arm64"],
        )
        assert made["Version"] == number
    assert made["LayerVersionArn"] == "arn:aws:lambda:us-east-1:000000000000:layer:l:2"
    assert told(client.get_layer_version(LayerName="l", VersionNumber=2)) == told(made)
    assert told(client.get_layer_version_by_arn(Arn=made["LayerVersionArn"])) == told(made)
    assert httpx.get(made["Content"]["Location"], verify=NO_TLS).content == zipped({"python/l.py": "2"})
    assert [each["Version"] for each in client.list_layer_versions(LayerName="l")["LayerVersions"]] == [2, 1]
    [listed] = [each for each in client.list_layers()["Layers"] if each["LayerName"] == "l"]
    assert listed["LatestMatchingVersion"]["Description"] == "version 2"
    client.delete_layer_version(LayerName="l", VersionNumber=2)
    client.delete_layer_version(LayerName="l", VersionNumber=2)
    answer = refusal(client.get_layer_version, LayerName="l", VersionNumber=2)
    assert answer["Error"]["Code"] == "ResourceNotFoundException"
    made = client.publish_layer_version(LayerName="l", Content={"ZipFile": zipped({"python/l.py": "3"})})
    assert made["Version"] == 3


def test_what_has_no_effect_here_is_kept_and_shown(client: Any) -> None:
    assert client.get_function_code_signing_config(FunctionName="f")["FunctionName"] == "f"
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "Auto"
    client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
