"""Batches: what is in them, when they are handed over, and that a record leaves its queue only after a success."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest
from integration.aws.mapped_queue import NotedInvocations, Queue, Result, mapped, new_queue, run, until, until_enabled
from tests.plain_http import NO_TLS

from localregion.aws.event_source_mappings.batch import PAYLOAD_BYTES_MAX
from localregion.aws.event_source_mappings.mapping import EventPoller
from localregion.aws.event_source_mappings.sources import EventSource
from localregion.plan.model import EventSourceMapping
from localregion.testing.services import RunningRabbitMQ

EVENTS = Path(__file__).parents[5] / "tests" / "events"


def numbers(batch: list[dict[str, Any]]) -> list[int]:
    return [int(base64.b64decode(record["data"])) for record in batch]


@pytest.mark.parametrize("name", ["tenant=1", "a*b", "ação", "50%", "é" * 127, 'q"uoted'])
def test_a_queue_of_any_name_is_consumed(rabbitmq: RunningRabbitMQ, name: str) -> None:
    async def scenario(queue: Queue) -> None:
        functions = NotedInvocations()
        queue.publish(b"1")
        async with mapped(rabbitmq, queue.name, functions):
            await until(lambda: functions.events)
        assert list(functions.events[0]["rmqMessagesByQueue"]) == [f"{name}::/"]
        assert queue.depth() == 0

    with new_queue(rabbitmq, name=name) as queue:
        run(scenario(queue))


@pytest.mark.parametrize("name", ["é" * 127, "q" * 300])
def test_a_missing_queue_is_said_to_be_missing_whatever_its_name(rabbitmq: RunningRabbitMQ, name: str) -> None:
    async def scenario() -> None:
        async with mapped(rabbitmq, name, NotedInvocations()) as mappings:
            await until(lambda: mappings.status()[0]["StateTransitionReason"] == "ESM_CONFIG_NOT_VALID")

    run(scenario())


def test_the_documented_message_arrives_as_the_documented_event(rabbitmq: RunningRabbitMQ) -> None:
    documented = json.loads((EVENTS / "rabbitmq_documented.json").read_text())
    [record] = documented["rmqMessagesByQueue"]["pizzaQueue::/"]
    properties = record["basicProperties"]
    body = base64.b64decode(record["data"])
    properties["bodySize"] = len(body)  # the page says 80 for a body of 43 bytes
    # A broker takes a user id only from the user of that name.
    as_admin = httpx.Client(
        base_url=rabbitmq.management_url, auth=(rabbitmq.username, rabbitmq.password), verify=NO_TLS
    )
    user = properties["userId"]
    as_admin.put(f"/api/users/{user}", json={"password": "pizza", "tags": ""}).raise_for_status()
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    as_admin.put(f"/api/permissions/%2F/{user}", json=everything).raise_for_status()
    mapping = EventSourceMapping(
        name="pizza",
        function="invoice_consumer",
        qualifier="live",
        queue="pizzaQueue",
        virtual_host="/",
        secret="",
        batch_size=1,
        batching_window_s=None,
    )
    source = EventSource(arn=documented["eventSourceArn"], url=rabbitmq.endpoint, username=user, password="pizza")
    functions = NotedInvocations()

    async def poll_once() -> None:
        poller = EventPoller(mapping, lambda_service=functions, find_source=lambda: source, requeue="nack")
        await poller.connect()
        assert await poller.run_once() == 1
        poller.close()

    with new_queue(rabbitmq, name="pizzaQueue"):
        parameters = pika.URLParameters(rabbitmq.amqp_url)
        parameters.credentials = pika.PlainCredentials(user, "pizza")
        with pika.BlockingConnection(parameters) as publisher:
            published = pika.BasicProperties(
                content_type="text/plain",
                headers={"header1": "value1", "header2": "value2", "numberInHeader": 10},
                delivery_mode=1,
                priority=34,
                expiration="60000",
                timestamp=2021,
                user_id=user,
            )
            publisher.channel().basic_publish("", "pizzaQueue", body, published)
        asyncio.run(poll_once())
    assert functions.events == [documented]
    as_admin.delete(f"/api/users/{user}").raise_for_status()
    as_admin.close()


def test_a_full_batch_does_not_wait_for_the_window_and_the_rest_does(rabbitmq: RunningRabbitMQ) -> None:
    functions = NotedInvocations()

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(*(b"%d" % number for number in range(25)))
            # A window longer than this test waits for anything.
            async with mapped(rabbitmq, queue.name, functions, batch_size=10, batching_window_s=300) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 20)
            await until(lambda: queue.depth() == 5)
            started = time.monotonic()
            async with mapped(rabbitmq, queue.name, functions, batch_size=10, batching_window_s=2) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 5)
            assert time.monotonic() - started >= 2
            assert queue.depth() == 0

    asyncio.run(scenario())
    assert [numbers(batch) for batch in functions.batches] == [[*range(10)], [*range(10, 20)], [*range(20, 25)]]


def test_the_window_is_half_a_second_from_the_first_record_unless_it_is_set(rabbitmq: RunningRabbitMQ) -> None:
    invoked_at: list[float] = []

    async def note_time(_: list[dict[str, Any]]) -> Result:
        invoked_at.append(time.monotonic())
        return Result()

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            async with mapped(rabbitmq, queue.name, NotedInvocations(note_time)) as mappings:
                await until_enabled(mappings)
                published_at = time.monotonic()
                queue.publish(b"1")
                await until(lambda: invoked_at)
                assert invoked_at[0] - published_at >= 0.5

    asyncio.run(scenario())


def test_a_batch_ends_before_six_megabytes_and_a_record_beyond_them_is_dropped(
    rabbitmq: RunningRabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    functions = NotedInvocations()
    two_megabytes = b"x" * 2_000_000  # 2.67 MB in base64: two fit, three do not

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(two_megabytes, two_megabytes, b"x" * 5_000_000, two_megabytes)
            async with mapped(rabbitmq, queue.name, functions, batch_size=100, batching_window_s=3) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 3)
                assert mappings.status()[0]["dropped"] == 1
            assert queue.depth() == 0

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert [len(batch) for batch in functions.batches] == [2, 1]
    assert max(functions.payload_sizes) <= PAYLOAD_BYTES_MAX
    assert "drops a record" in caplog.text


def test_a_record_that_is_dropped_alone_invokes_nothing(
    rabbitmq: RunningRabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    functions = NotedInvocations()

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            async with mapped(rabbitmq, queue.name, functions, batch_size=100, batching_window_s=0) as mappings:
                queue.publish(b"x" * 5_000_000)
                await until(lambda: mappings.status()[0]["dropped"])
                await asyncio.sleep(0.1)
                queue.publish(b"good")
                await until(lambda: mappings.status()[0]["messages"] == 1)
            assert queue.depth() == 0

    asyncio.run(scenario())
    assert [len(batch) for batch in functions.batches] == [1]
    assert "connects again" not in caplog.text


def test_one_invocation_is_in_flight_and_a_record_stays_until_it_has_succeeded(rabbitmq: RunningRabbitMQ) -> None:
    release = asyncio.Event()

    async def wait(_: list[dict[str, Any]]) -> Result:
        await release.wait()
        return Result()

    functions = NotedInvocations(wait)

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(*(b"%d" % number for number in range(30)))
            async with mapped(rabbitmq, queue.name, functions, batch_size=10, batching_window_s=60) as mappings:
                await until(lambda: functions.in_flight)
                assert mappings.status()[0]["in_flight"] == 10
                release.set()
                await until(lambda: mappings.status()[0]["messages"] == 30)
            assert functions.in_flight_max == 1
            assert queue.depth() == 0

    asyncio.run(scenario())


def test_a_mapping_that_is_stopped_gives_back_what_it_had_not_finished(rabbitmq: RunningRabbitMQ) -> None:
    async def never(_: list[dict[str, Any]]) -> Result:
        await asyncio.Event().wait()
        return Result()

    functions = NotedInvocations(never)

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(*(b"%d" % number for number in range(25)))
            async with mapped(rabbitmq, queue.name, functions, batch_size=10):
                await until(lambda: functions.in_flight)
            await until(lambda: queue.depth() == 25)

    asyncio.run(scenario())


def test_a_mapping_can_be_disabled_and_enabled_through_the_api(rabbitmq: RunningRabbitMQ) -> None:
    functions = NotedInvocations()

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            async with mapped(rabbitmq, queue.name, functions, batching_window_s=0) as mappings:
                await until_enabled(mappings)
                path = f"/2015-03-31/event-source-mappings/{mappings.status()[0]['uuid']}"
                answer = await mappings.handle("PUT", path, {}, b'{"Enabled": false}')
                assert json.loads(answer[2])["State"] == "Disabling"
                await until(lambda: mappings.status()[0]["State"] == "Disabled")
                queue.publish(b"1")
                assert (queue.depth(), functions.events) == (1, [])
                await mappings.handle("PUT", path, {}, b'{"Enabled": true, "BatchSize": 1}')
                await until(lambda: mappings.status()[0]["messages"] == 1)

    asyncio.run(scenario())
