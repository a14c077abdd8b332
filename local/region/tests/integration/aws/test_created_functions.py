"""Functions that are made by calls of Lambda's API, from archives, and run."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from integration.aws.region_emulator import BUCKET, create_function, delete_functions, serving, zipped
from integration.aws.running_emulator import RunningEmulator, free_port, invoke, wait_until
from tests.plain_http import NO_TLS

ONE = "import os\ndef lambda_handler(event, context): return [1, context.function_version, os.getpid()]"
TWO = ONE.replace("[1,", "[2,")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    yield from serving(tmp_path_factory.mktemp("region"))


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[Any]:
    client = emulator.client()
    yield client
    delete_functions(client)


def test_a_function_from_an_archive_runs(client: Any, emulator: RunningEmulator) -> None:
    create_function(
        client, "printing", "def lambda_handler(event, context):\n    print('seen', event)\n    return event"
    )
    assert invoke(client, "printing", {"a": 1})[0] == {"a": 1}
    wait_until(lambda: "seen {'a': 1}" in emulator.log("printing"))


def test_each_version_keeps_its_code_and_an_alias_moves_between_them(client: Any) -> None:
    created = create_function(client, "versioned", ONE, Publish=True)
    assert created["Version"] == "1"
    client.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
    updated = client.update_function_code(FunctionName="versioned", ZipFile=zipped({"handler.py": TWO}), Publish=True)
    assert updated["Version"] == "2"
    assert [invoke(client, "versioned", Qualifier=each)[0][:2] for each in ("1", "2", "live")] == [
        [1, "1"],
        [2, "2"],
        [1, "1"],
    ]
    assert invoke(client, "versioned")[0][:2] == [2, "$LATEST"]

    client.update_alias(FunctionName="versioned", Name="live", FunctionVersion="2")
    answer, call = invoke(client, created["FunctionArn"] + ":live")
    assert (answer[:2], call["ExecutedVersion"]) == ([2, "2"], "2")


def test_what_is_unchanged_is_not_published_again(client: Any) -> None:
    create_function(client, "same", ONE, Publish=True)
    assert client.publish_version(FunctionName="same", Description="again")["Version"] == "1"
    client.update_function_configuration(FunctionName="same", Timeout=7)
    assert client.publish_version(FunctionName="same", Description="slower")["Version"] == "2"
    assert client.publish_version(FunctionName="same")["Version"] == "2"
    shown = client.list_versions_by_function(FunctionName="same")["Versions"]
    assert [(each["Version"], each["Timeout"], each["Description"]) for each in shown] == [
        ("$LATEST", 7, ""),
        ("1", 3, ""),
        ("2", 7, "slower"),
    ]


def test_a_configuration_takes_effect_at_once(client: Any) -> None:
    source = "import os\ndef lambda_handler(event, context): return os.environ.get('WORD'), context.memory_limit_in_mb"
    create_function(client, "configured", source)
    assert invoke(client, "configured")[0] == [None, "128"]
    client.update_function_configuration(
        FunctionName="configured", Environment={"Variables": {"WORD": "b"}}, MemorySize=256
    )
    client.get_waiter("function_updated_v2").wait(FunctionName="configured")
    assert invoke(client, "configured")[0] == ["b", "256"]
    client.update_function_configuration(FunctionName="configured", Environment={"Variables": {}})
    assert invoke(client, "configured")[0] == [None, "256"]


def test_what_did_not_change_stays_warm(client: Any) -> None:
    create_function(client, "warm", ONE, Publish=True)
    first = invoke(client, "warm", Qualifier="1")[0]
    create_function(client, "other", ONE)
    client.create_alias(FunctionName="warm", Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName="warm", ReservedConcurrentExecutions=2)
    client.update_function_code(FunctionName="warm", ZipFile=zipped({"handler.py": TWO}))
    assert invoke(client, "warm", Qualifier="live")[0] == first
    assert invoke(client, "warm")[0][0] == 2


def test_an_invocation_in_flight_ends_as_it_began(client: Any, emulator: RunningEmulator, tmp_path: Path) -> None:
    source = """
import os, time
def lambda_handler(event, context):
    open(event["begun"], "w").close()
    while not os.path.exists(event["end"]):
        time.sleep(0.02)
    return "old"
"""
    create_function(client, "slow", source, Timeout=30)
    begun, end = tmp_path / "begun", tmp_path / "end"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(invoke, client, "slow", {"begun": str(begun), "end": str(end)})
        wait_until(begun.exists)
        client.update_function_code(FunctionName="slow", ZipFile=zipped({"handler.py": TWO}))
        assert invoke(client, "slow")[0][0] == 2
        client.delete_function(FunctionName="slow")
        end.touch()
        assert running.result(30)[0] == "old"
    wait_until(lambda: not _children_named(emulator, "slow"))


def _children_named(emulator: RunningEmulator, name: str) -> list[int]:
    """Return the processes of a function, by their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        address = f"AWS_ENDPOINT_URL={emulator.url}\0".encode()
        if f"AWS_LAMBDA_FUNCTION_NAME={name}\0".encode() in environment and address in environment:
            found.append(int(folder.name))
    return found


def test_layers_are_merged_file_by_file_and_later_ones_win(client: Any) -> None:
    first = {"python/shared/a.py": "A = 1", "python/shared/b.py": "B = 1", "python/shared/__init__.py": ""}
    second = {"python/shared/b.py": "B = 2", "python/lib/python3.13/site-packages/c.py": "C = 3"}
    arns = [
        client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})["LayerVersionArn"]
        for name, files in (("first", first), ("second", second))
    ]
    foreign = "arn:aws:lambda:us-east-1:184161586896:layer:opentelemetry-collector-arm64-0_22_0:1"
    source = "import c\nfrom shared import a, b\ndef lambda_handler(event, context): return a.A, b.B, c.C"
    created = create_function(client, "layered", source, Layers=[*arns, foreign])
    assert [layer["Arn"] for layer in created["Layers"]] == [*arns, foreign]
    assert invoke(client, "layered")[0] == [1, 2, 3]

    # A function keeps the layer that it has.
    client.delete_layer_version(LayerName="second", VersionNumber=1)
    client.update_function_configuration(FunctionName="layered", Layers=[arns[0]])
    answer, call = invoke(client, "layered")
    assert (call["FunctionError"], answer["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert answer["errorMessage"] == "Unable to import module 'handler': No module named 'c'"


def test_a_function_sees_what_the_runtime_has_and_nothing_of_the_projects_environment(client: Any) -> None:
    source = "import sys\ndef lambda_handler(event, context): return sys.path"
    create_function(client, "bare", source)
    path = invoke(client, "bare")[0]
    assert not [each for each in path if each.startswith(str(Path(pytest.__file__).parent.parent))]
    create_function(client, "importing", "import pika\ndef lambda_handler(event, context): return 1")
    answer, call = invoke(client, "importing")
    assert call["FunctionError"] == "Unhandled"
    assert answer["errorMessage"] == "Unable to import module 'handler': No module named 'pika'"


def test_a_function_has_boto3_as_in_aws(client: Any, emulator: RunningEmulator) -> None:
    source = "import boto3\ndef lambda_handler(event, context): return boto3.client('lambda').meta.endpoint_url"
    create_function(client, "asking", source)

    assert invoke(client, "asking")[0] == emulator.url


def test_an_archive_is_told_by_its_hash_and_can_be_fetched(client: Any) -> None:
    content = zipped({"handler.py": ONE})
    create_function(client, "fetched", ONE)
    shown = client.get_function(FunctionName="fetched")
    assert shown["Configuration"]["CodeSha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert shown["Configuration"]["CodeSize"] == len(content)
    assert httpx.get(shown["Code"]["Location"], verify=NO_TLS).content == content


def test_an_archive_may_come_from_a_bucket(client: Any, emulator: RunningEmulator) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key="f.zip", Body=zipped({"handler.py": ONE}))
    create_function(client, "stored", "", Code={"S3Bucket": BUCKET, "S3Key": "f.zip"})
    assert invoke(client, "stored")[0][0] == 1
    with pytest.raises(ClientError, match="NoSuchKey"):
        client.update_function_code(FunctionName="stored", S3Bucket=BUCKET, S3Key="none.zip")


def test_a_created_function_can_be_debugged(client: Any, emulator: RunningEmulator) -> None:
    create_function(client, "debugged", ONE)
    port = free_port()
    answer = httpx.put(f"{emulator.url}/_emulator/debug/debugged", json={"port": port}, verify=NO_TLS, timeout=30)
    assert answer.json()["port"] == port
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        pass
    assert invoke(client, "debugged")[0][2] == answer.json()["pid"]
    assert httpx.delete(f"{emulator.url}/_emulator/debug/debugged", verify=NO_TLS).json()["port"] is None


def test_an_event_of_a_created_function_is_tried_as_often_as_was_set(client: Any, tmp_path: Path) -> None:
    source = "def lambda_handler(event, context):\n    open(event['file'], 'a').write('x')\n    raise RuntimeError"
    create_function(client, "events", source)
    client.put_function_event_invoke_config(FunctionName="events", MaximumRetryAttempts=0)
    noted = tmp_path / "noted"
    answer = client.invoke(
        FunctionName="events", InvocationType="Event", Payload=json.dumps({"file": str(noted)}).encode()
    )
    assert answer["StatusCode"] == 202
    assert wait_until(lambda: noted.exists() and noted.read_text()) == "x"


def test_reserved_concurrency_holds_from_now_on(client: Any) -> None:
    create_function(client, "reserved", ONE)
    client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="Rate Exceeded"):
        invoke(client, "reserved")
    client.delete_function_concurrency(FunctionName="reserved")
    assert invoke(client, "reserved")[0][0] == 1


def test_calls_at_the_same_time_lose_nothing(client: Any) -> None:
    names = [f"at-once-{number}" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda name: create_function(client, name, ONE, Publish=True), names))
        list(pool.map(lambda name: client.create_alias(FunctionName=name, Name="live", FunctionVersion="1"), names))
        answers = list(pool.map(lambda name: invoke(client, name, Qualifier="live")[0][:2], names))
    assert answers == [[1, "1"]] * 12
    assert {each["FunctionName"] for each in client.list_functions()["Functions"]} >= set(names)


def test_the_registry_is_its_owners_alone(emulator: RunningEmulator, client: Any) -> None:
    create_function(client, "secretive", ONE, Environment={"Variables": {"PASSWORD": "p"}})
    folder = emulator.state / "emulator" / "lambda"
    assert (folder / "registry.json").stat().st_mode & 0o077 == 0
    assert os.stat(folder).st_mode & 0o077 == 0
