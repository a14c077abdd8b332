"""What a mapping does when the function fails, the broker goes away, or the broker refuses; on uvloop, as it runs."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from integration.aws.mapped_queue import (
    NotedInvocations,
    Result,
    fail,
    mapped,
    new_queue,
    run,
    succeed,
    until,
    until_enabled,
)
from tests.plain_http import NO_TLS

from localregion.aws.event_source_mappings.api import Mappings
from localregion.aws.http.errors import TooManyRequestsError, function_not_found
from localregion.testing.services import RunningRabbitMQ

METHODS = ("nack", "reject", "close")


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_batch_is_requeued_as_a_whole_and_delivered_once_per_round(
    rabbitmq: RunningRabbitMQ, method: str
) -> None:
    functions = NotedInvocations()

    async def fail_twice(_: list[dict[str, Any]]) -> Result:
        return await (fail if len(functions.events) <= 2 else succeed)([])

    functions.behave = fail_twice
    # No batch but a full one.
    full = {"batch_size": 5, "batching_window_s": 60}

    async def scenario() -> None:
        with new_queue(rabbitmq, kind="quorum") as queue:
            queue.publish(*(b"%d" % number for number in range(5)))
            async with mapped(rabbitmq, queue.name, functions, requeue=method, **full) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 5)
                assert mappings.status()[0]["last_result"] == "OK"
            assert queue.depth() == 0

    run(scenario())
    assert [len(batch) for batch in functions.batches] == [5, 5, 5]
    for round_, batch in enumerate(functions.batches):
        headers = [record["basicProperties"]["headers"] or {} for record in batch]
        assert [one.get("x-delivery-count", 0) for one in headers] == [round_] * 5
        assert {record["redelivered"] for record in batch} == {round_ > 0}
        assert sorted(record["data"] for record in batch) == sorted(record["data"] for record in functions.batches[0])


@pytest.mark.parametrize("method", METHODS)
def test_what_was_fetched_beyond_a_failed_batch_is_neither_lost_nor_kept_from_the_function(
    rabbitmq: RunningRabbitMQ, method: str
) -> None:
    functions = NotedInvocations()
    two_megabytes = b"x" * 2_000_000

    async def fail_once(_: list[dict[str, Any]]) -> Result:
        return await (fail if len(functions.events) == 1 else succeed)([])

    functions.behave = fail_once
    # Time enough for two of them to arrive.
    large = {"batch_size": 10, "batching_window_s": 2}

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(*(b"%d" % number + two_megabytes for number in range(5)))
            async with mapped(rabbitmq, queue.name, functions, requeue=method, **large) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 5)
            assert queue.depth() == 0

    run(scenario())
    first = [[base64.b64decode(record["data"][:4])[:1] for record in batch] for batch in functions.batches]
    assert first == [[b"0", b"1"], [b"0", b"1"], [b"2", b"3"], [b"4"]]


@pytest.mark.parametrize(
    "failure",
    [
        TooManyRequestsError("ReservedFunctionConcurrentInvocationLimitExceeded"),
        function_not_found("arn:aws:lambda:us-east-1:000000000000:function:invoice_consumer"),
        RuntimeError("not foreseen"),
    ],
)
def test_a_batch_that_could_not_be_invoked_is_tried_again(rabbitmq: RunningRabbitMQ, failure: Exception) -> None:
    functions = NotedInvocations()

    async def refuse_once(_: list[dict[str, Any]]) -> Result:
        if len(functions.events) == 1:
            raise failure
        return Result()

    functions.behave = refuse_once

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(b"1")
            async with mapped(rabbitmq, queue.name, functions) as mappings:
                await until(lambda: mappings.status()[0]["messages"] == 1)
                assert mappings.status()[0]["batches"] == 2
            assert queue.depth() == 0

    run(scenario())


def test_a_mapping_shows_why_it_cannot_consume_and_heals_by_itself(rabbitmq: RunningRabbitMQ) -> None:
    functions = NotedInvocations()
    as_admin = httpx.Client(
        base_url=rabbitmq.management_url, auth=(rabbitmq.username, rabbitmq.password), verify=NO_TLS
    )

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            queue.publish(b"1")
            queue.channel.queue_delete(queue.name)
            later = RunningAs(rabbitmq, username="later", password="secret")
            async with mapped(later, queue.name, functions) as mappings:  # type: ignore[arg-type]

                async def until_reason(reason: str) -> None:
                    await until(lambda: shown(mappings) == ("Disabled", reason))

                await until_reason("EVENT_SOURCE_AUTHN_ERROR")
                as_admin.put("/api/users/later", json={"password": "secret", "tags": ""}).raise_for_status()
                await until_reason("EVENT_SOURCE_AUTHZ_ERROR")
                read = {"configure": "^$", "write": "^$", "read": "^queue-.*"}
                as_admin.put("/api/permissions/%2F/later", json=read).raise_for_status()
                await until_reason("ESM_CONFIG_NOT_VALID")
                queue.channel.queue_declare(queue.name, durable=True)
                await until(lambda: shown(mappings) == ("Enabled", "USER_INITIATED"))
                queue.publish(b"1")
                await until(lambda: mappings.status()[0]["messages"] == 1)

    try:
        run(scenario())
    finally:
        as_admin.delete("/api/users/later")
        as_admin.close()


def shown(mappings: Mappings) -> tuple[str, str]:
    status = mappings.status()[0]
    return status["State"], status["StateTransitionReason"]


def test_a_queue_that_is_deleted_under_the_mapping_is_noticed(rabbitmq: RunningRabbitMQ) -> None:
    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            async with mapped(rabbitmq, queue.name, NotedInvocations()) as mappings:
                await until_enabled(mappings)
                queue.channel.queue_delete(queue.name)
                await until(lambda: mappings.status()[0]["StateTransitionReason"] == "ESM_CONFIG_NOT_VALID")

    run(scenario())


def test_a_mapping_goes_on_after_a_broker_that_froze_for_longer_than_its_heartbeats(
    rabbitmq: RunningRabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localregion.aws.amqp.connection.HEARTBEAT_S", 1)
    functions = NotedInvocations()

    async def scenario() -> None:
        with new_queue(rabbitmq) as queue:
            async with mapped(rabbitmq, queue.name, functions) as mappings:
                await until_enabled(mappings)
                rabbitmq.freeze()
                try:
                    await until(lambda: mappings.status()[0]["last_result"].startswith("PROBLEM: Connection error."))
                finally:
                    rabbitmq.thaw()
                queue.publish(b"1")
                await until(lambda: mappings.status()[0]["messages"] == 1)

    run(scenario())


class RunningAs:
    """The same broker with another login."""

    def __init__(self, broker: RunningRabbitMQ, *, username: str, password: str) -> None:
        self.endpoint = broker.endpoint
        self.username = username
        self.password = password
