"""Spans that wait when the next configuration comes are sent at once, also those of requests that still run then."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from integration.kong.configurable_gateway import Collector, ConfigurableGateway, InvokeApi, config, consumer

# A batch of this size never comes together here, and its time is up long after the test's.
PATIENT = {"max_batch_size": 1000, "max_coalescing_delay": 600}
ZIPKIN = {
    "name": "zipkin",
    "config": {
        "sample_ratio": 1,
        "propagation": {"extract": ["w3c"], "inject": ["w3c"], "default_format": "w3c"},
        "queue": PATIENT,
    },
}


def _traced(*consumers: dict[str, Any]) -> dict[str, Any]:
    return config(*consumers) | {"plugins": [ZIPKIN]}


def _wait_for_traces(collector: Collector, number: int) -> set[str]:
    give_up_at = time.monotonic() + 20
    while len(traces := {span["traceId"] for span in collector.spans}) < number and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return traces


def test_spans_that_wait_are_sent(gateway: ConfigurableGateway, collector: Collector) -> None:
    assert gateway.post(_traced(consumer("one", "k"))).status == 201
    assert [gateway.get("k").status for _ in range(3)] == [200, 200, 200]
    time.sleep(0.3)
    assert collector.spans == []
    assert gateway.post(_traced(consumer("one", "k"))).status == 201
    assert len(_wait_for_traces(collector, 3)) == 3


def test_spans_of_a_request_that_still_runs_are_sent_when_it_has_ended(
    gateway: ConfigurableGateway, collector: Collector, invoke_api: InvokeApi
) -> None:
    assert gateway.post(_traced(consumer("one", "k"))).status == 201
    invoke_api.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(gateway.get, "k")
        assert invoke_api.called.wait(10)
        assert gateway.post(_traced(consumer("two", "l"))).status == 201
        time.sleep(0.3)
        assert collector.spans == []
        invoke_api.gate.set()
        assert running.result(10).status == 200
    assert len(_wait_for_traces(collector, 1)) == 1
