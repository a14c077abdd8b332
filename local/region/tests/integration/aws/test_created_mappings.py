"""Mappings that are made by calls, from a queue of a real RabbitMQ to a function that was made by a call."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.aws.mapped_queue import Queue, new_queue
from integration.aws.region_emulator import BROKER_ARN, SECRET_ARN, create_function, running_region
from integration.aws.running_emulator import RunningEmulator, refusal, wait_until

from localregion.testing.services import RunningRabbitMQ

SOURCE = """
import base64
def lambda_handler(event, context):
    for records in event["rmqMessagesByQueue"].values():
        for record in records:
            print(event["eventSourceArn"], context.function_version, len(records), base64.b64decode(record["data"]))
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningRabbitMQ) -> Iterator[RunningEmulator]:
    running = running_region(tmp_path_factory.mktemp("region"), broker=rabbitmq)
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


@pytest.fixture
def queue(rabbitmq: RunningRabbitMQ) -> Iterator[Queue]:
    with new_queue(rabbitmq) as queue:
        yield queue


@pytest.fixture
def name(emulator: RunningEmulator, request: pytest.FixtureRequest) -> str:
    """A function of the test's own, with a version and the alias `live`."""
    name = str(request.node.name)[:60]
    create_function(emulator.client(), name, SOURCE, Publish=True)
    emulator.client().create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def create_mapping(client: Any, function: str, queue: str, **changes: Any) -> dict[str, Any]:
    request = {
        "EventSourceArn": BROKER_ARN,
        "FunctionName": function,
        "Queues": [queue],
        "BatchSize": 1,
        "SourceAccessConfigurations": [
            {"Type": "BASIC_AUTH", "URI": SECRET_ARN},
            {"Type": "VIRTUAL_HOST", "URI": "/"},
        ],
    }
    created: dict[str, Any] = client.create_event_source_mapping(**{**request, **changes})
    return created


def wait_for_state(client: Any, mapping_id: str, state: str) -> dict[str, Any]:
    def arrived() -> Any:
        shown = client.get_event_source_mapping(UUID=mapping_id)
        return shown if shown["State"] == state else None

    shown: dict[str, Any] = wait_until(arrived)
    return shown


def is_gone(client: Any, mapping_id: str) -> bool:
    listed = client.list_event_source_mappings()["EventSourceMappings"]
    return mapping_id not in [mapping["UUID"] for mapping in listed]


def test_messages_reach_the_function_until_the_mapping_is_deleted(
    emulator: RunningEmulator, queue: Queue, name: str
) -> None:
    client = emulator.client()
    created = create_mapping(client, f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live", queue.name)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert created["EventSourceArn"] == BROKER_ARN
    assert {each["Type"]: each["URI"] for each in created["SourceAccessConfigurations"]} == {
        "BASIC_AUTH": SECRET_ARN,
        "VIRTUAL_HOST": "/",
    }
    mapping_id = created["UUID"]
    wait_for_state(client, mapping_id, "Enabled")
    queue.publish(b"first")
    wait_until(lambda: f"{BROKER_ARN} 1 1 b'first'" in emulator.log(name))

    changed = client.update_event_source_mapping(UUID=mapping_id, BatchSize=2, MaximumBatchingWindowInSeconds=5)
    assert (changed["State"], changed["BatchSize"]) == ("Updating", 2)
    wait_for_state(client, mapping_id, "Enabled")
    queue.publish(b"second", b"third")
    wait_until(lambda: f"{BROKER_ARN} 1 2 b'third'" in emulator.log(name))

    client.update_event_source_mapping(UUID=mapping_id, Enabled=False)
    wait_for_state(client, mapping_id, "Disabled")
    assert client.delete_event_source_mapping(UUID=mapping_id)["State"] == "Deleting"
    wait_until(lambda: is_gone(client, mapping_id))
    queue.publish(b"fourth")
    wait_until(lambda: queue.depth() == 1)
    assert "fourth" not in emulator.log(name)


def test_a_mapping_follows_the_alias(emulator: RunningEmulator, queue: Queue, name: str) -> None:
    client = emulator.client()
    mapping_id = create_mapping(client, f"{name}:live", queue.name)["UUID"]
    wait_for_state(client, mapping_id, "Enabled")
    client.update_function_configuration(FunctionName=name, Timeout=20)
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    queue.publish(b"later")
    wait_until(lambda: f"{BROKER_ARN} 2 1 b'later'" in emulator.log(name))
    client.delete_event_source_mapping(UUID=mapping_id)


def test_a_mapping_outlives_its_function(emulator: RunningEmulator, queue: Queue, name: str) -> None:
    client = emulator.client()
    mapping_id = create_mapping(client, name, queue.name)["UUID"]
    wait_for_state(client, mapping_id, "Enabled")
    client.delete_function(FunctionName=name)
    queue.publish(b"early")
    wait_until(
        lambda: (
            client.get_event_source_mapping(UUID=mapping_id)["LastProcessingResult"] == "PROBLEM: Function call failed"
        )
    )
    create_function(client, name, SOURCE)
    wait_until(lambda: "b'early'" in emulator.log(name))
    client.delete_function(FunctionName=name)
    client.delete_event_source_mapping(UUID=mapping_id)
    wait_until(lambda: is_gone(client, mapping_id))


def test_tags_of_a_mapping_are_kept(emulator: RunningEmulator, queue: Queue, name: str) -> None:
    client = emulator.client()
    created = create_mapping(client, name, queue.name, Enabled=False, Tags={"a": "1"})
    arn = created["EventSourceMappingArn"]
    client.tag_resource(Resource=arn, Tags={"b": "2"})
    client.update_event_source_mapping(UUID=created["UUID"], BatchSize=3)
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "1", "b": "2"}
    client.delete_event_source_mapping(UUID=created["UUID"])
    assert refusal(client.list_tags, Resource=arn)["Error"]["Code"] == "ResourceNotFoundException"


def test_what_no_mapping_can_have_is_refused(emulator: RunningEmulator, queue: Queue, name: str) -> None:
    client = emulator.client()
    mapping_id = create_mapping(client, name, queue.name, Enabled=False)["UUID"]
    cases = [
        ({}, "ResourceConflictException", f"with UUID {mapping_id}"),
        ({"FunctionName": "none"}, "ResourceNotFoundException", "Function not found: arn:aws:lambda"),
        ({"FunctionName": f"{name}:none"}, "ResourceNotFoundException", f"function:{name}:none"),
        ({"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:q"}, "InvalidParameterValueException", "Unrecognized"),
        ({"SourceAccessConfigurations": []}, "InvalidParameterValueException", "need a BASIC_AUTH secret"),
    ]
    for changes, code, words in cases:
        answer = refusal(create_mapping, client=client, function=name, queue=queue.name, **changes)
        assert answer["Error"]["Code"] == code
        assert words in answer["Error"]["Message"]
    assert refusal(client.get_event_source_mapping, UUID="0" * 36)["Error"]["Code"] == "ResourceNotFoundException"
    client.delete_event_source_mapping(UUID=mapping_id)


def test_a_mapping_waits_for_its_secret_and_its_queue(emulator: RunningEmulator, queue: Queue, name: str) -> None:
    client = emulator.client()
    later = SECRET_ARN.replace("login", "later")
    access = [{"Type": "BASIC_AUTH", "URI": later}]
    mapping_id = create_mapping(client, name, queue.name, SourceAccessConfigurations=access)["UUID"]
    shown = wait_for_state(client, mapping_id, "Disabled")
    assert shown["StateTransitionReason"] == "EVENT_SOURCE_AUTHN_ERROR"
    client.update_event_source_mapping(
        UUID=mapping_id, SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": SECRET_ARN}]
    )
    wait_for_state(client, mapping_id, "Enabled")
    queue.publish(b"at last")
    wait_until(lambda: "b'at last'" in emulator.log(name))
    client.delete_event_source_mapping(UUID=mapping_id)


def test_a_mapping_runs_again_after_a_restart(tmp_path: Path, rabbitmq: RunningRabbitMQ, queue: Queue) -> None:
    emulator = running_region(tmp_path, broker=rabbitmq)
    emulator.start()
    try:
        client = emulator.client()
        create_function(client, "f", SOURCE)
        mapping_id = create_mapping(client, "f", queue.name)["UUID"]
        gone = create_mapping(client, "f", "another", Enabled=False)["UUID"]
        client.delete_event_source_mapping(UUID=gone)
        emulator.stop(signal.SIGKILL)
        queue.publish(b"meanwhile")

        emulator.start()
        client = emulator.client()
        wait_for_state(client, mapping_id, "Enabled")
        assert is_gone(client, gone)
        wait_until(lambda: "b'meanwhile'" in emulator.log("f"))
    finally:
        emulator.stop()
