"""The next batch is collected while the function works, and goes back in order when there is no use for it.

A quorum queue puts what comes back where it was if it has a delivery limit, and at its end if it has none
(https://www.rabbitmq.com/docs/quorum-queues#repeated-requeues): those of these tests have one that is never reached.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from integration.aws.mapped_queue import NotedInvocations, Queue, Result, mapped, new_queue, run, until

from localregion.aws.event_source_mappings.api import Mappings
from localregion.testing.services import RunningRabbitMQ

METHODS = ("nack", "reject", "close")
FULL = {"batch_size": 5, "batching_window_s": 60}
LIMITED = {"x_delivery_limit": 100}
PATH = "/2015-03-31/event-source-mappings"


class Held(NotedInvocations):
    """Functions whose invocations wait until `released` lets that many begin to answer; the first `failing` fail."""

    def __init__(self, *, failing: int = 0, released: int = 0) -> None:
        super().__init__(self._hold)
        self.released = released
        self._failing = failing

    async def _hold(self, _: list[dict[str, Any]]) -> Result:
        number = len(self.events)
        await until(lambda: self.released >= number)
        return Result(function_error="Unhandled" if number <= self._failing else None)

    def release(self) -> None:
        self.released = 1_000


def numbers(batch: list[dict[str, Any]]) -> list[int]:
    return [int(base64.b64decode(record["data"])) for record in batch]


def delivery_counts(batch: list[dict[str, Any]]) -> set[int]:
    return {(record["basicProperties"]["headers"] or {}).get("x-delivery-count", 0) for record in batch}


def redelivered(batch: list[dict[str, Any]]) -> set[bool]:
    return {record["redelivered"] for record in batch}


def publish(queue: Queue, count: int) -> None:
    queue.publish(*(b"%d" % number for number in range(count)))


async def in_flight_and_ahead(functions: Held, queue: Queue, *, ready: int) -> None:
    """Wait until an invocation is in flight and that many messages are left with the broker."""
    await until(lambda: functions.in_flight)
    await until(lambda: queue.depth() == ready)


def test_two_batches_are_fetched_and_one_is_in_flight(rabbitmq: RunningRabbitMQ) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 25)
            async with mapped(rabbitmq, queue.name, functions, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=15)
                assert (mappings.status()[0]["in_flight"], len(functions.events)) == (5, 1)
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 25)
            assert queue.depth() == 0
        assert [numbers(batch) for batch in functions.batches] == [[*range(at, at + 5)] for at in range(0, 25, 5)]
        assert functions.in_flight_max == 1
        assert redelivered(functions.records) == {False}

    run(scenario())


@pytest.mark.parametrize("kind", ["classic", "quorum"])
@pytest.mark.parametrize("method", METHODS)
def test_what_was_read_ahead_of_a_failed_batch_goes_back_behind_it(
    rabbitmq: RunningRabbitMQ, method: str, kind: str
) -> None:
    async def scenario() -> None:
        functions = Held(failing=1)
        with new_queue(rabbitmq, kind=kind, **(LIMITED if kind == "quorum" else {})) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, requeue=method, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 20)
            assert queue.depth() == 0
        batches = functions.batches
        assert [numbers(batch) for batch in batches] == [[*range(at, at + 5)] for at in (0, 0, 5, 10, 15)]
        assert [redelivered(batch) for batch in batches] == [{False}, {True}, {True}, {False}, {False}]
        if kind == "quorum":
            assert [delivery_counts(batch) for batch in batches] == [{0}, {1}, {1}, {0}, {0}]

    run(scenario())


@pytest.mark.parametrize("method", METHODS)
def test_what_lies_behind_a_bad_batch_comes_back_once_and_not_each_time(rabbitmq: RunningRabbitMQ, method: str) -> None:
    async def scenario() -> None:
        functions = Held(failing=4)
        with new_queue(rabbitmq) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, requeue=method, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                for number in range(1, 5):
                    functions.released = number
                    await until(lambda after=number: len(functions.events) == after + 1 and queue.depth() == 15)
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 20)
        assert [numbers(batch)[0] for batch in functions.batches] == [0, 0, 0, 0, 0, 5, 10, 15]
        assert [redelivered(batch) for batch in functions.batches[5:]] == [{True}, {False}, {False}]

    run(scenario())


@pytest.mark.parametrize("method", METHODS)
def test_after_a_batch_that_succeeds_two_are_fetched_again(rabbitmq: RunningRabbitMQ, method: str) -> None:
    async def scenario() -> None:
        functions = Held(failing=1)
        with new_queue(rabbitmq) as queue:
            publish(queue, 25)
            async with mapped(rabbitmq, queue.name, functions, requeue=method, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=15)
                functions.released = 1
                await until(lambda: len(functions.events) == 2 and queue.depth() == 20)
                functions.released = 2
                await until(lambda: len(functions.events) == 3 and queue.depth() == 10)
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 25)

    run(scenario())


async def disable(mappings: Mappings, mapping_id: str) -> None:
    await mappings.handle("PUT", f"{PATH}/{mapping_id}", {}, b'{"Enabled": false}')


async def shrink(mappings: Mappings, mapping_id: str) -> None:
    await mappings.handle("PUT", f"{PATH}/{mapping_id}", {}, b'{"BatchSize": 2}')


async def delete(mappings: Mappings, mapping_id: str) -> None:
    await mappings.handle("DELETE", f"{PATH}/{mapping_id}", {}, b"")


@pytest.mark.parametrize("change", [disable, delete])
def test_a_mapping_that_ends_finishes_its_batch_and_gives_back_what_it_read_ahead(
    rabbitmq: RunningRabbitMQ, change: Callable[[Mappings, str], Any]
) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                await change(mappings, mappings.status()[0]["uuid"])
                functions.release()
                await until(lambda: queue.depth() == 15)
                await until(lambda: not mappings.status() or mappings.status()[0]["State"] == "Disabled")
            assert [numbers(batch) for batch in functions.batches] == [[*range(5)]]
            assert [int(queue.channel.basic_get(queue.name, auto_ack=True)[2]) for _ in range(15)] == [*range(5, 20)]

    run(scenario())


def test_a_mapping_that_is_deleted_while_it_is_being_disabled_still_waits_for_its_batch(
    rabbitmq: RunningRabbitMQ,
) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                mapping_id = mappings.status()[0]["uuid"]
                await disable(mappings, mapping_id)
                await asyncio.sleep(0)
                await delete(mappings, mapping_id)
                await asyncio.sleep(0.05)
                assert [mapping["State"] for mapping in mappings.status()] == ["Deleting"]
                functions.release()
                await until(lambda: not mappings.status())
                await until(lambda: queue.depth() == 15)

    run(scenario())


def test_an_emulator_that_ends_while_a_mapping_is_being_changed_lets_its_batch_end(rabbitmq: RunningRabbitMQ) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                await shrink(mappings, mappings.status()[0]["uuid"])
                await asyncio.sleep(0)
                asyncio.get_running_loop().call_later(0.3, functions.release)
            assert functions.in_flight == 0
            await until(lambda: queue.depth() == 15)

    run(scenario())


def test_a_mapping_that_is_updated_goes_on_with_what_it_had_read_ahead(rabbitmq: RunningRabbitMQ) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 20)
            async with mapped(rabbitmq, queue.name, functions, **FULL) as mappings:
                await in_flight_and_ahead(functions, queue, ready=10)
                await shrink(mappings, mappings.status()[0]["uuid"])
                functions.release()
                await until(lambda: sum(map(len, functions.batches)) == 19)
        assert [numbers(batch) for batch in functions.batches] == [
            [*range(5)],
            *([at, at + 1] for at in range(5, 19, 2)),
        ]

    run(scenario())


def test_a_batch_that_is_read_ahead_grows_for_as_long_as_the_function_works(rabbitmq: RunningRabbitMQ) -> None:
    async def scenario() -> None:
        functions = Held()
        with new_queue(rabbitmq) as queue:
            publish(queue, 1)
            async with mapped(rabbitmq, queue.name, functions, batch_size=5, batching_window_s=0) as mappings:
                await in_flight_and_ahead(functions, queue, ready=0)
                for number in (1, 2, 3):
                    queue.publish(b"%d" % number)
                    await asyncio.sleep(0.05)
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 4)
        assert [numbers(batch) for batch in functions.batches] == [[0], [1, 2, 3]]

    run(scenario())


@pytest.mark.parametrize("method", METHODS)
def test_a_record_that_is_dropped_ahead_of_a_failed_batch_does_not_come_back(
    rabbitmq: RunningRabbitMQ, method: str
) -> None:
    async def scenario() -> None:
        functions = Held(failing=1)
        with new_queue(rabbitmq) as queue:
            queue.publish(b"0", b"x" * 5_000_000, b"1")
            async with mapped(rabbitmq, queue.name, functions, requeue=method, batch_size=1) as mappings:
                await until(lambda: functions.in_flight and mappings.status()[0]["dropped"])
                functions.release()
                await until(lambda: mappings.status()[0]["messages"] == 2)
                assert mappings.status()[0]["dropped"] == 1
            assert queue.depth() == 0
        assert [numbers(batch) for batch in functions.batches] == [[0], [0], [1]]

    run(scenario())
