"""Spans on their way to a collector that is there, dead, frozen, failing or slow: no request ever notices."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from tests.integration.gateway import kong_yml
from tests.integration.gateway.collector import Collector, running_collector
from tests.integration.gateway.gateway_process import GatewayProcess, read_response, request_bytes, running_gateway
from tests.integration.gateway.invoke_endpoint import InvokeEndpoint

from localregion.kong.http_client import Timeouts
from localregion.kong.tracing.span_queue import QueueSettings, SpanQueue

SETTINGS = {
    "max_batch_size": 50,
    "max_coalescing_delay": 0.02,
    "max_entries": 100,
    "max_retry_time": 30,
    "initial_retry_delay": 0.01,
    "max_retry_delay": 0.05,
}
HEADERS = [("Host", "a.test"), ("apikey", "demo-key"), ("Content-Type", "application/json"), ("Content-Length", "2")]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def post_orders(gateway: GatewayProcess, count: int, *headers: tuple[str, str]) -> None:
    with gateway.connect() as connection:
        for _ in range(count):
            connection.sendall(request_bytes("POST", "/orders", [*HEADERS, *headers], b"{}"))
            assert read_response(connection).status == 200


def test_spans_arrive_with_the_ids_that_the_function_was_given(
    endpoint: InvokeEndpoint, collector: Collector, tmp_path: Path
) -> None:
    arguments = ("--aws-port", str(endpoint.port), "--spans-endpoint", collector.endpoint)
    endpoint.received.clear()
    with running_gateway(tmp_path, kong_yml.declarative_config(), *arguments) as gateway:
        post_orders(gateway, 3)
        collector.wait_for_spans(6)

    given = [json.loads(received.body)["headers"]["traceparent"] for received in endpoint.received]
    proxies = [span for span in collector.spans if span["kind"] == "CLIENT"]
    assert [f"00-{span['traceId']}-{span['id']}-01" for span in proxies] == given
    assert [span["name"] for span in collector.spans if span["kind"] == "SERVER"] == ["POST"] * 3
    assert all(line == "POST /api/v2/spans HTTP/1.1" for line, _ in collector.requests)


@pytest.mark.parametrize("path", [b"/caf%C3%A9", b"/a%FF"])
def test_a_spans_path_has_the_bytes_of_the_request_as_kong_sends_them(
    endpoint: InvokeEndpoint, collector: Collector, tmp_path: Path, path: bytes
) -> None:
    arguments = ("--aws-port", str(endpoint.port), "--spans-endpoint", collector.endpoint)
    with (
        running_gateway(tmp_path, kong_yml.declarative_config(), *arguments) as gateway,
        gateway.connect() as connection,
    ):
        connection.sendall(request_bytes("GET", path.decode(), [("Host", "a.test")]))
        read_response(connection)
        [request] = [span for span in collector.wait_for_spans(2) if span["kind"] == "SERVER"]
    assert request["tags"]["http.path"].encode("latin-1") == unquote_to_bytes(path)


def test_a_graceful_stop_sends_what_is_left(endpoint: InvokeEndpoint, collector: Collector, tmp_path: Path) -> None:
    config = kong_yml.declarative_config()
    [zipkin] = [plugin for plugin in config["plugins"] if plugin["name"] == "zipkin"]
    zipkin["config"]["queue"] = {"max_batch_size": 50, "max_coalescing_delay": 3600}
    arguments = ("--aws-port", str(endpoint.port), "--spans-endpoint", collector.endpoint)
    with running_gateway(tmp_path, config, *arguments) as gateway:
        post_orders(gateway, 4)
        assert collector.requests == []
    assert [len(spans) for _, spans in collector.requests] == [8]


@pytest.mark.parametrize("fault", ["dead", "frozen"])
def test_orders_succeed_without_a_collector_and_the_gateway_still_stops(
    endpoint: InvokeEndpoint, tmp_path: Path, fault: str
) -> None:
    """Frozen: the kernel accepts connections and bytes, the process does not read them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if fault == "dead":
            listener.close()
        address = f"http://127.0.0.1:{port}/api/v2/spans"
        arguments = ("--aws-port", str(endpoint.port), "--spans-endpoint", address)
        with running_gateway(tmp_path, kong_yml.declarative_config(), *arguments) as gateway:
            post_orders(gateway, 60)
            gateway.process.terminate()
            assert gateway.process.wait(15) == 0


def through_a_queue(collector: Collector, use: Callable[[SpanQueue], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        timeout = Timeouts(connect_s=0.5, read_s=0.2)
        queue = SpanQueue(collector.endpoint, QueueSettings(**(SETTINGS | settings)), timeout)
        try:
            await use(queue)
        finally:
            await queue.stop(5)

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def span(number: int) -> dict[str, Any]:
    return {"id": f"{number:016x}"}


def test_a_full_batch_goes_out_at_once_and_the_rest_a_little_later(collector: Collector) -> None:
    async def use(queue: SpanQueue) -> None:
        queue.put([json.dumps(span(number)) for number in range(7)])

    through_a_queue(collector, use, max_batch_size=3)
    assert [len(spans) for _, spans in collector.requests] == [3, 3, 1]
    assert collector.spans == [span(number) for number in range(7)]


def test_a_batch_that_was_refused_is_sent_again(collector: Collector) -> None:
    collector.status = 500

    async def use(queue: SpanQueue) -> None:
        queue.put([json.dumps(span(1))])
        await until(lambda: len(collector.requests) >= 2)
        collector.status = 202
        await until(lambda: not queue.is_failing)

    through_a_queue(collector, use)
    assert {len(spans) for _, spans in collector.requests} == {1}


def test_a_frozen_collector_gets_the_newest_spans_when_it_thaws(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 1,000 spans the queue keeps 100, beside the batch on its way: memory is bounded."""
    collector.answers.clear()

    async def use(queue: SpanQueue) -> None:
        queue.put([json.dumps(span(0))])
        await until(lambda: bool(collector.requests))
        for number in range(1, 1000):
            queue.put([json.dumps(span(number))])
        await until(lambda: queue.is_failing)
        assert len(queue) <= 100
        collector.answers.set()
        await until(lambda: not len(queue) and not queue.is_failing)

    through_a_queue(collector, use)
    delivered = {entry["id"] for entry in collector.spans}
    assert delivered == {span(number)["id"] for number in [0, *range(900, 1000)]}
    assert [record.message for record in caplog.records] == [
        "the collector of spans fails: the server said nothing for 0.2 s",
        "the collector of spans is back, 899 spans were lost",
    ]


def test_a_batch_is_given_up_when_its_time_is_over(collector: Collector) -> None:
    collector.status = 500

    async def use(queue: SpanQueue) -> None:
        queue.put([json.dumps(span(1))])
        await until(lambda: len(collector.requests) >= 2)
        await until(queue.is_idle)

    through_a_queue(collector, use, max_retry_time=0.05)


def test_a_stop_does_not_wait_for_a_frozen_collector(collector: Collector) -> None:
    collector.answers.clear()

    async def run() -> None:
        queue = SpanQueue(collector.endpoint, QueueSettings(**SETTINGS), Timeouts(connect_s=30, read_s=30))
        queue.put([json.dumps(span(1))])
        await until(lambda: bool(collector.requests))
        await queue.stop(0.05)
        assert queue.is_idle()

    asyncio.run(run())
