"""Lambda's API with one function, for the tests of what it says of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integration.aws.region_emulator import create_function, delete_functions
from integration.aws.running_emulator import RunningEmulator

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
SOURCE = "def lambda_handler(event, context): return 1"


def with_one_function(emulator: RunningEmulator) -> Iterator[Any]:
    """Yield the API, as a fixture does, with one function `f` that has a version and the alias `live`."""
    client = emulator.client()
    create_function(client, "f", SOURCE, Publish=True)
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    yield client
    delete_functions(client)


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def code_and_message(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["Error"]["Code"], answer["Error"]["Message"]
