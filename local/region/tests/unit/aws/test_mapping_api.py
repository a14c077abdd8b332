"""The API without a broker: the mappings stay disabled. Answers are read as boto3 reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import botocore.parsers
import botocore.session
import pytest
from unit.aws.mapping_plan import MAPPING, sample_plan

from localregion.aws.event_source_mappings.api import API_PATH, Mappings
from localregion.aws.event_source_mappings.running import DeployedMapping
from localregion.aws.event_source_mappings.settings import UnusableMappingError
from localregion.aws.event_source_mappings.sources import broker_arn

LAMBDA_MODEL = botocore.session.get_session().get_service_model("lambda")
PLAN = sample_plan()
CREATE = {
    "EventSourceArn": broker_arn(PLAN),
    "FunctionName": "invoice_consumer",
    "Queues": ["another"],
    "Enabled": False,
    "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "broker/invoices_mapping"}],
}


async def call(
    mappings: Mappings, operation: str, mapping_id: str = "", *, query: dict[str, str] | None = None, **request: Any
) -> Any:
    model = LAMBDA_MODEL.operation_model(operation)
    path = f"{API_PATH}/{mapping_id}"
    status, headers, body = await mappings.handle(model.http["method"], path, query or {}, json.dumps(request).encode())
    parser = botocore.parsers.create_parser("rest-json")
    answer = parser.parse(
        {"status_code": status, "headers": {name.lower(): value for name, value in headers.items()}, "body": body},
        model.output_shape,
    )
    answer["status"] = status
    return answer


def in_emulator(scenario: Callable[[Mappings], Awaitable[None]]) -> None:
    async def run() -> None:
        disabled = [replace(MAPPING, enabled=False)]
        mappings = Mappings(disabled, lambda_service=None, plan=PLAN, broker_url="amqp://127.0.0.1:1")  # type: ignore[arg-type]
        await mappings.start()
        try:
            await scenario(mappings)
        finally:
            await mappings.stop()

    asyncio.run(run())


def test_a_mapping_is_described_as_boto3_expects() -> None:
    async def scenario(mappings: Mappings) -> None:
        [described] = (await call(mappings, "ListEventSourceMappings"))["EventSourceMappings"]
        assert described["UUID"] == mappings.status()[0]["uuid"]
        assert described["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:invoice_consumer:live"
        assert (described["BatchSize"], described["Queues"]) == (10, ["invoices.order-created"])
        assert (described["State"], described["StateTransitionReason"]) == ("Disabled", "USER_INITIATED")
        assert described["LastProcessingResult"] == "No records processed"
        assert described["LastModified"].tzinfo is not None
        assert [one["Type"] for one in described["SourceAccessConfigurations"]] == ["BASIC_AUTH", "VIRTUAL_HOST"]
        assert "MaximumBatchingWindowInSeconds" not in described

    in_emulator(scenario)


def test_a_mapping_has_the_same_uuid_after_every_start() -> None:
    seen = set()

    async def scenario(mappings: Mappings) -> None:
        seen.add(mappings.status()[0]["uuid"])

    in_emulator(scenario)
    in_emulator(scenario)
    assert len(seen) == 1


def test_a_mapping_is_created_changed_and_deleted() -> None:
    async def scenario(mappings: Mappings) -> None:
        created = await call(mappings, "CreateEventSourceMapping", **CREATE)
        assert (created["status"], created["BatchSize"], created["State"]) == (202, 100, "Disabled")
        updated = await call(
            mappings, "UpdateEventSourceMapping", created["UUID"], BatchSize=7, MaximumBatchingWindowInSeconds=2
        )
        assert (updated["status"], updated["BatchSize"], updated["MaximumBatchingWindowInSeconds"]) == (202, 7, 2)
        deleted = await call(mappings, "DeleteEventSourceMapping", created["UUID"])
        assert (deleted["status"], deleted["State"]) == (202, "Deleting")
        while len(mappings.status()) > 1:
            await asyncio.sleep(0)
        gone = await call(mappings, "GetEventSourceMapping", created["UUID"])
        assert gone["status"] == 404
        assert gone["Error"] == {
            "Code": "ResourceNotFoundException",
            "Message": "The resource you requested does not exist.",
        }

    in_emulator(scenario)


def test_one_queue_has_one_mapping_for_a_function() -> None:
    async def scenario(mappings: Mappings) -> None:
        existing = mappings.status()[0]["uuid"]
        same = CREATE | {"Queues": [MAPPING.queue], "FunctionName": "invoice_consumer:live"}
        refused = await call(mappings, "CreateEventSourceMapping", **same)
        assert (refused["status"], refused["Error"]["Code"]) == (409, "ResourceConflictException")
        assert refused["Error"]["Message"].endswith(
            "already exists. Please update or delete the existing mapping with UUID " + existing
        )
        other = await call(mappings, "CreateEventSourceMapping", **same | {"FunctionName": "invoice_consumer"})
        assert other["status"] == 202
        changed = {"FunctionName": "invoice_consumer:live"}
        assert (await call(mappings, "UpdateEventSourceMapping", other["UUID"], **changed))["status"] == 409
        assert (await call(mappings, "UpdateEventSourceMapping", other["UUID"], BatchSize=3))["status"] == 202
        assert len(mappings.status()) == 2

    in_emulator(scenario)


def test_the_plan_may_not_have_the_same_mapping_twice() -> None:
    async def start() -> None:
        twice = [MAPPING, replace(MAPPING, name="again")]
        await Mappings(twice, lambda_service=None, plan=PLAN, broker_url="").start()  # type: ignore[arg-type]

    with pytest.raises(UnusableMappingError, match="event source mapping again: ResourceConflictException"):
        asyncio.run(start())


def test_a_list_can_be_narrowed_to_a_function_or_a_broker() -> None:
    async def scenario(mappings: Mappings) -> None:
        async def listed(**query: str) -> int:
            return len((await call(mappings, "ListEventSourceMappings", query=query))["EventSourceMappings"])

        assert await listed(FunctionName="invoice_consumer") == 1
        assert await listed(FunctionName="invoice_consumer:live") == 1
        assert await listed(FunctionName="slow") == 0
        assert await listed(EventSourceArn=broker_arn(PLAN)) == 1
        assert await listed(EventSourceArn="arn:aws:mq:us-east-1:000000000000:broker:other:b-1") == 0

    in_emulator(scenario)


def test_a_refused_update_changes_nothing() -> None:
    async def scenario(mappings: Mappings) -> None:
        mapping_id = mappings.status()[0]["uuid"]
        refused = await call(mappings, "UpdateEventSourceMapping", mapping_id, BatchSize=0)
        assert (refused["status"], refused["Error"]["Code"]) == (400, "ValidationException")
        assert (await call(mappings, "GetEventSourceMapping", mapping_id))["BatchSize"] == 10

    in_emulator(scenario)


def test_a_method_that_the_api_does_not_have_is_not_allowed() -> None:
    async def scenario(mappings: Mappings) -> None:
        assert (await mappings.handle("PATCH", API_PATH, {}, b""))[0] == 405

    in_emulator(scenario)


def test_an_unusable_mapping_of_the_plan_is_a_clear_error_at_start() -> None:
    async def start() -> None:
        refused = [replace(MAPPING, function="slow")]
        await Mappings(refused, lambda_service=None, plan=PLAN, broker_url="").start()  # type: ignore[arg-type]

    with pytest.raises(
        UnusableMappingError, match=r"event source mapping order-created: .*Function timeout: 841 seconds"
    ):
        asyncio.run(start())


def test_other_mappings_may_be_applied_and_what_is_the_same_goes_on() -> None:
    def deployed(mapping_id: str, **changes: Any) -> DeployedMapping:
        mapping = replace(MAPPING, enabled=False, queue=mapping_id, **changes)
        return DeployedMapping(mapping_id=mapping_id, mapping=mapping, event_source_arn=broker_arn(PLAN))

    async def scenario(mappings: Mappings) -> None:
        mappings.apply([deployed("a"), deployed("b")])
        before = {
            each["UUID"]: each for each in (await call(mappings, "ListEventSourceMappings"))["EventSourceMappings"]
        }
        mappings.apply([deployed("a"), deployed("b", batch_size=3), deployed("c")])
        await asyncio.sleep(0.01)
        after = {
            each["UUID"]: each for each in (await call(mappings, "ListEventSourceMappings"))["EventSourceMappings"]
        }
        assert after.keys() == {"a", "b", "c"}
        assert after["a"] == before["a"]
        assert (before["b"]["BatchSize"], after["b"]["BatchSize"]) == (MAPPING.batch_size, 3)
        mappings.apply([])
        await asyncio.sleep(0.01)
        assert mappings.status() == []

    in_emulator(scenario)
