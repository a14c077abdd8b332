"""Spans on their way to a collector: what is sent, what is kept, what an outage costs."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.collector import BROKEN, Collector, answer_ok, answer_without_end, running_collector
from tests.unit.tracing.memory_log import MemoryLog
from tests.unit.tracing.test_breaker import Clock

from tracing import TraceContext, TracingSettings, configure
from tracing.buffer import SPANS_MAX
from tracing.collector import Collector as Client
from tracing.collector import ExportError
from tracing.recording import OperatingSystemIds, Recording

TIMEOUT_S = 0.1


class Context:
    aws_request_id = "request"


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as the publisher's layer has it."""

    exchange: str = "orders"
    routing_key: str = "order.created"
    properties: Any = field(default_factory=dict)


@dataclass
class Publisher:
    """Confirms, or fails as it is told to."""

    outcomes: list[Exception | None] = field(default_factory=list)
    raised: Exception | None = None

    def publish(self, messages: Any, *, timeout_s: float) -> list[Exception | None]:
        if self.raised is not None:
            raise self.raised
        return self.outcomes

    def close(self) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Traced:
    """One execution environment with a clock and a log of its own."""

    tracing: Recording
    log: MemoryLog
    clock: Clock

    def invoke(self) -> None:
        with self.tracing.invocation("invocation", context=Context(), trigger="other"):
            pass


@pytest.fixture
def traced(collector: Collector) -> Iterator[Traced]:
    log, clock = MemoryLog(), Clock()
    tracing = Recording(
        endpoint=collector.endpoint,
        resource={"service.name": "test"},
        ratio=1.0,
        export_timeout_s=10,
        log=log,
        clock=clock,
    )
    yield Traced(tracing=tracing, log=log, clock=clock)
    tracing.close()


def test_one_connection_serves_every_invocation(collector: Collector, traced: Traced) -> None:
    for _ in range(3):
        traced.invoke()

    assert len(collector.bodies) == 3
    assert len(collector.connections) == 1
    assert traced.log.lines == []


def test_thousands_of_messages_are_thousands_of_links(collector: Collector, traced: Traced) -> None:
    links = [TraceContext(f"{n:032x}", f"{n:016x}", n % 2) for n in range(1, 14_001)]
    with (
        traced.tracing.invocation("invocation", context=Context(), trigger="pubsub"),
        traced.tracing.span("process queue", kind="CONSUMER", links=iter(links)),
    ):
        pass

    found = collector.one("process queue").links
    assert len(found) == 7_000, "the other half is not sampled"
    assert found[-1] == (f"{13_999:032x}", f"{13_999:016x}")


def test_an_exception_goes_through_and_its_text_stays_here(collector: Collector, traced: Traced) -> None:
    with (
        pytest.raises(ValueError, match="a-secret"),
        traced.tracing.invocation("x", context=Context(), trigger="other"),
    ):
        raise ValueError("a-secret")

    assert collector.one("x").attributes["error.type"] == "ValueError"
    assert b"a-secret" not in collector.bodies[0]
    assert traced.log.keys == {}


def test_a_ratio_is_for_traces_that_begin_here(collector: Collector) -> None:
    tracing = Recording(
        endpoint=collector.endpoint, resource={"service.name": "x"}, ratio=0.0, export_timeout_s=1, log=MemoryLog()
    )
    with tracing.invocation("own", context=Context(), trigger="http"):
        pass
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    with tracing.invocation("sampled", context=Context(), trigger="http", headers=headers):
        pass
    tracing.close()

    assert [span.name for span in collector.spans] == ["sampled"]


@pytest.mark.parametrize("text", ["", "a tenth", "nan", "-1", "2"])
def test_a_ratio_that_is_none_costs_no_function_its_work(collector: Collector, text: str) -> None:
    log = MemoryLog()
    settings = TracingSettings(otel_exporter_otlp_endpoint=collector.endpoint, otel_traces_sampler_arg=text)
    tracing = configure(settings, service="x", environ={}, log=log)
    with tracing.invocation("own", context=Context(), trigger="http"):
        pass
    tracing.close()

    assert [span.name for span in collector.spans] == ["own"]
    assert "every trace is recorded" in log.messages


def test_links_of_spans_that_are_one_too_many_take_no_room(traced: Traced) -> None:
    link = TraceContext("a" * 32, "b" * 16, 1)
    with traced.tracing.invocation("invocation", context=Context(), trigger="timer"):
        for _ in range(SPANS_MAX + 10):
            with traced.tracing.span("send", links=[link]):
                pass
        assert sum(bool(kept.links) for kept in traced.tracing._buffer._kept) == SPANS_MAX - 1


def test_an_outage_is_said_once_and_its_cost_when_it_ends(collector: Collector, traced: Traced) -> None:
    collector.answer = BROKEN["500"]
    for _ in range(5):
        traced.invoke()
    assert len(collector.bodies) == 1, "the breaker is open"
    traced.clock.now += 1
    traced.invoke()
    assert len(collector.bodies) == 2
    collector.answer = answer_ok
    traced.clock.now += 2
    for _ in range(2):
        traced.invoke()

    assert traced.log.lines == [
        (
            "spans are dropped: the collector does not take them",
            {"reason": "the collector answered 500"},
        ),
        ("spans are exported again", {"dropped_spans": 6}),
    ]


@pytest.mark.parametrize("kind", BROKEN)
def test_whatever_the_collector_does_the_time_is_bounded(collector: Collector, kind: str) -> None:
    collector.answer = BROKEN[kind]
    client = Client(collector.endpoint, timeout_s=TIMEOUT_S)
    for _ in range(2):
        with pytest.raises(ExportError):
            client.post(b"{}")
        # Without a bound it would be for ever; a busy machine may wake us late.
        assert client.spent_s < TIMEOUT_S + 10
    client.close()


def test_nobody_there_is_an_error_at_once(collector: Collector) -> None:
    collector.close()
    client = Client(collector.endpoint, timeout_s=5)
    with pytest.raises(ExportError, match="ConnectionRefusedError"):
        client.post(b"{}")
    assert client.spent_s < 5


def test_an_answer_without_end_is_left_at_that(collector: Collector) -> None:
    collector.answer = answer_without_end
    client = Client(collector.endpoint, timeout_s=5)
    client.post(b"{}")
    assert client.spent_s < 5
    client.close()


def test_a_name_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ExportError):
        Client("http://collector.invalid:4318", timeout_s=TIMEOUT_S).post(b"{}")


def test_a_connection_that_ends_while_it_is_used_is_replaced(collector: Collector) -> None:
    def answer_the_first(connection: Any) -> bool:
        if len(collector.bodies) == 2:
            return BROKEN["hangs up"](connection)
        return answer_ok(connection)

    collector.answer = answer_the_first
    client = Client(collector.endpoint, timeout_s=5)
    for body in (b"1", b"2", b"3"):
        client.post(body)
    client.close()

    assert collector.bodies == [b"1", b"2", b"2", b"3"]
    assert len(collector.connections) == 2


def test_ids_do_not_depend_on_what_a_snapshot_remembers() -> None:
    made = []
    for _ in range(2):
        random.seed(7)
        made += [OperatingSystemIds().generate_trace_id(), OperatingSystemIds().generate_span_id()]
    assert len(set(made)) == 4


def test_messages_that_the_broker_refused_are_errors_of_their_own_spans(collector: Collector, traced: Traced) -> None:
    publisher = traced.tracing.publisher(
        Publisher(outcomes=[None, LookupError("no queue")]), endpoint="amqp://127.0.0.1:1", below_message=True
    )
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    messages = [Message(properties={"headers": headers}), Message(properties=["odd"])]
    with traced.tracing.invocation("relay", context=Context(), trigger="timer"):
        outcomes = publisher.publish(messages, timeout_s=1)

    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError]
    good, bad = collector.named("send orders:order.created")
    relay = collector.one("relay")
    assert (good.trace_id, good.parent, good.links) == ("a" * 32, "b" * 16, [(relay.trace_id, relay.span_id)])
    assert (bad.parent, bad.links, bad.is_error) == (relay.span_id, [], True)
    assert bad.document["status"]["message"] == "no queue"


def test_a_broker_that_is_away_is_an_error_of_every_message(collector: Collector, traced: Traced) -> None:
    publisher = traced.tracing.publisher(
        Publisher(raised=ConnectionError("away")), endpoint="amqp://127.0.0.1:1", below_message=False
    )
    with (
        traced.tracing.invocation("create", context=Context(), trigger="http"),
        pytest.raises(ConnectionError, match="away"),
    ):
        publisher.publish([Message(), Message()], timeout_s=1)

    assert [span.is_error for span in collector.named("send orders:order.created")] == [True, True]


def test_a_span_for_which_there_is_no_room_is_counted_and_not_made(collector: Collector, traced: Traced) -> None:
    """A relay that empties a full outbox would make ten times as many as are exported."""
    count, made = SPANS_MAX + 40, []
    publisher = traced.tracing.publisher(
        Publisher(outcomes=[LookupError("no queue")] * count), endpoint="amqp://127.0.0.1:1", below_message=True
    )
    publisher._start = lambda *given, **kept: made.append(given) or traced.tracing.start(*given, **kept)
    headers = [{"traceparent": f"00-{'a' * 32}-{'b' * 16}-0{number % 2}"} for number in range(count)]
    messages = [Message(properties={"headers": each}) for each in headers]
    with traced.tracing.invocation("relay", context=Context(), trigger="timer"):
        for _ in range(2):
            assert len(publisher.publish(messages, timeout_s=1)) == count

    sent = collector.named("send orders:order.created")
    assert len(sent) == SPANS_MAX - 1
    assert all(span.is_error for span in sent)
    # Half of the messages are of traces that are not recorded.
    assert len(sent) + collector.one("relay").attributes["otel.dropped_spans"] == count
    assert len(made) < 2 * count


def test_spans_end_in_the_order_of_time(collector: Collector, traced: Traced) -> None:
    before = time.time_ns()
    traced.invoke()
    span = collector.one("invocation")
    assert before <= span.began_ns <= span.ended_ns <= time.time_ns()
