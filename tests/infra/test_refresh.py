"""`pulumi up --refresh` leaves Kong's number of tasks to the load: the program says it for the first start alone."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from tests.infra.engine import Given
from tests.infra.living import Evaluate, evaluation, of_type
from tests.infra.recording import as_it_was

from components.scaling import leave_the_number_of_tasks

SERVICE = "aws:ecs/service:Service"
TARGET = "aws:appautoscaling/target:Target"


@pytest.fixture
def stack(tmp_path: Path) -> Evaluate:
    return evaluation(tmp_path)


def refreshed(service: Given, tasks: int) -> Given:
    """Return the service as `--refresh` reads it while the load has so many tasks."""
    return replace(service, inputs={**service.inputs, "desiredCount": tasks})


def told_to_aws(state: Given, program: Given) -> dict[str, Any]:
    """Return the inputs that the engine goes on with: ignored ones are those of the state."""
    kept = {key: state.inputs[key] for key in program.ignore_changes if key in state.inputs}
    return {**program.inputs, **kept}


def test_a_refresh_in_the_middle_of_a_load_takes_no_task_away(stack: Evaluate) -> None:
    service = of_type(stack("dev"), SERVICE)["gateway"]
    told = told_to_aws(refreshed(service, 4), service)

    assert service.inputs["desiredCount"] == 1
    assert told == {**service.inputs, "desiredCount": 4}


def test_the_recorded_service_would_have_been_scaled_back() -> None:
    service = of_type(as_it_was("dev"), SERVICE)["gateway"]

    assert told_to_aws(refreshed(service, 4), service)["desiredCount"] == 1


def test_the_least_number_of_tasks_is_raised_by_the_scaling(stack: Evaluate) -> None:
    before, after = stack("dev"), stack("dev", gatewayTasks=3)

    assert of_type(before, TARGET)["gateway"].inputs["minCapacity"] == 1
    assert of_type(after, TARGET)["gateway"].inputs["minCapacity"] == 3


def test_the_engine_is_asked_to_ignore_it_in_its_own_spelling() -> None:
    assert _answer(SERVICE) == ["desiredCount"]
    assert _answer("aws:ecs/taskDefinition:TaskDefinition") == []


def _answer(type_: str) -> list[str]:
    """Return what goes over the wire when the engine asks the transform about a resource."""

    async def asked() -> bytes:
        servicer = _CallbackServicer(MockMonitor(mocks=None))
        callback = servicer.register_transform(leave_the_number_of_tasks)
        request = resource_pb2.TransformRequest(type=type_, name="gateway", custom=True)
        answer: Any = await servicer._callbacks[callback.token](request.SerializeToString())
        return bytes(answer.SerializeToString())

    response = resource_pb2.TransformResponse.FromString(asyncio.run(asked()))
    return list(response.options.ignore_changes)
