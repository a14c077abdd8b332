"""What was made by calls of Lambda's API is there again when the emulator was killed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.aws.region_emulator import create_function, running_region, zipped
from integration.aws.running_emulator import RunningEmulator, invoke, wait_until

ONE = "def lambda_handler(event, context): return [1, context.function_version]"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RunningEmulator]:
    """An emulator that is not started, for a test that kills it."""
    emulator = running_region(tmp_path)
    yield emulator
    if emulator.process is not None and emulator.process.poll() is None:
        emulator.stop()


def test_everything_is_there_after_a_restart(mortal: RunningEmulator) -> None:
    emulator = mortal
    emulator.start()
    client = emulator.client()
    layer = client.publish_layer_version(LayerName="kept", Content={"ZipFile": zipped({"python/kept.py": "K = 5"})})
    source = "import kept\ndef lambda_handler(event, context): return kept.K, context.function_version"
    create_function(client, "kept", source, Layers=[layer["LayerVersionArn"]], Publish=True, Tags={"a": "b"})
    client.create_alias(FunctionName="kept", Name="live", FunctionVersion="1")
    client.put_function_event_invoke_config(FunctionName="kept", Qualifier="live", MaximumEventAgeInSeconds=60)
    client.add_permission(
        FunctionName="kept", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    create_function(client, "gone", ONE)
    client.delete_function(FunctionName="gone")
    before = _everything(client)
    emulator.stop(signal.SIGKILL)

    emulator.start()
    client = emulator.client()
    assert _everything(client) == before
    assert invoke(client, "kept", Qualifier="live")[0] == [5, "1"]
    archives = {path.name for path in (emulator.state / "emulator" / "lambda" / "archives").glob("*.zip")}
    assert len(archives) == 2


def _everything(client: Any) -> list[Any]:
    answers = [
        client.get_function(FunctionName="kept", Qualifier="live"),
        client.list_functions(FunctionVersion="ALL"),
        client.list_aliases(FunctionName="kept"),
        client.list_function_event_invoke_configs(FunctionName="kept"),
        client.get_policy(FunctionName="kept"),
        client.list_layers(),
        client.get_account_settings(),
    ]
    return [{name: value for name, value in answer.items() if name != "ResponseMetadata"} for answer in answers]


def test_no_acknowledged_change_is_lost_when_the_emulator_is_killed(mortal: RunningEmulator) -> None:
    emulator = mortal
    acknowledged: set[str] = set()
    for number in range(3):
        emulator.start()
        client = emulator.client()
        assert {each["FunctionName"] for each in client.list_functions()["Functions"]} >= acknowledged

        def create(client: Any = client, number: int = number) -> None:
            for each in range(100):
                try:
                    create_function(client, f"f{number}-{each}", f"VALUE = {number * each}\n{ONE}")
                except Exception:
                    return
                acknowledged.add(f"f{number}-{each}")

        creating = threading.Thread(target=create)
        creating.start()
        seen = len(acknowledged)
        wait_until(lambda seen=seen: len(acknowledged) > seen + 3)
        emulator.stop(signal.SIGKILL)
        creating.join()
    emulator.start()
    names = {each["FunctionName"] for each in _all_functions(emulator.client())}
    assert names >= acknowledged
    # What was on its way may have arrived without an answer.
    assert len(names - acknowledged) <= 3
    assert all(invoke(emulator.client(), name)[0][0] == 1 for name in sorted(names)[:3])
    assert not list((emulator.state / "emulator" / "lambda").rglob("new-*"))


def _all_functions(client: Any) -> list[Any]:
    pages = client.get_paginator("list_functions").paginate()
    return [function for page in pages for function in page["Functions"]]
