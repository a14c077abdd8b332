"""The store's bounds, what it forgets first, and how a trace is found."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

from unit.console.spans import OTHER, THIRD, TRACE, span_id

from localregion.console.traces import links
from localregion.console.traces.span import Span
from localregion.console.traces.store import Bounds, TraceStore
from localregion.console.traces.subject import Subject
from localregion.console.traces.view import joined, summary

THING = Subject(attribute="thing.id", service="make_thing", key="thingId", log_field="thing_id")


def span(trace_id: str = TRACE, number: int = 1, **changes: Any) -> Span:
    entry: dict[str, Any] = {
        "trace_id": trace_id,
        "span_id": span_id(number),
        "parent": None,
        "name": "name",
        "kind": "SERVER",
        "service": "make_thing",
        "start": 1000.0 + number,
        "duration": 5.0,
    }
    return Span(**{**entry, **changes})


def linked(*trace_ids: str) -> bytes:
    return links.pack([{"traceId": trace_id, "spanId": span_id(1)} for trace_id in trace_ids])


def trace_id(number: int) -> str:
    return f"{number:032x}"


def kept(store: TraceStore) -> list[str]:
    return sorted(trace.trace_id for trace in store.latest(1_000_000))


def is_consistent(store: TraceStore) -> bool:
    traces = store.latest(1_000_000)
    return (
        store.span_count == sum(len(trace.spans) for trace in traces)
        and store.size_bytes == sum(trace.cost for trace in traces)
        and all(trace.spans for trace in traces)
    )


def test_the_trace_that_is_silent_for_longest_makes_room() -> None:
    store = TraceStore(Bounds(traces=3))
    for number in (1, 2, 3):
        store.add(span(trace_id(number)))
    store.add(span(trace_id(1), 2))
    store.add(span(trace_id(4)))
    assert kept(store) == [trace_id(1), trace_id(3), trace_id(4)]


def test_spans_and_bytes_are_bounded_as_well_as_traces() -> None:
    by_spans, by_bytes = TraceStore(Bounds(spans=10)), TraceStore(Bounds(size_bytes=20_000))
    for number in range(1, 200):
        for store in (by_spans, by_bytes):
            store.add(span(trace_id(number % 50 + 1), number, attributes={"text": "x" * number}))
            assert is_consistent(store)
    assert by_spans.span_count <= 10
    assert by_bytes.size_bytes <= 20_000


def test_one_trace_cannot_take_the_room_of_the_others() -> None:
    store = TraceStore(Bounds(spans=100, spans_per_trace=20))
    store.add(span(OTHER))
    for number in range(1, 1000):
        store.add(span(TRACE, number))
    assert kept(store) == [TRACE, OTHER]
    assert [one.span_id for one in store.spans(TRACE)] == [span_id(number) for number in range(980, 1000)]
    assert store.dropped_spans == 979
    assert is_consistent(store)


def test_a_span_larger_than_a_trace_may_be_is_not_kept() -> None:
    store = TraceStore(Bounds(bytes_per_trace=5_000))
    assert not store.add(span(attributes={"text": "x" * 5_000}))
    assert store.add(span())
    assert (len(store), store.span_count, store.dropped_spans) == (1, 1, 1)


def test_a_span_that_is_sent_twice_is_kept_once() -> None:
    store = TraceStore()
    store.add(span(name="first"))
    store.add(span(name="second"))
    assert [one.name for one in store.spans(TRACE)] == ["second"]
    assert is_consistent(store)


def test_both_sides_of_a_call_may_share_an_id() -> None:
    store = TraceStore()
    store.add(span(kind="CLIENT"))
    store.add(span(kind="SERVER"))
    assert store.span_count == 2


def test_a_thing_is_found_by_the_trace_that_made_it() -> None:
    store = TraceStore(Bounds(traces=2), subject=THING)
    store.add(span(TRACE, attributes={"thing.id": "t-1"}))
    store.add(span(OTHER, attributes={"thing.id": "t-1"}))  # the same request again, replayed by its key
    store.add(span(TRACE, 2, service="get_thing", attributes={"thing.id": "t-2"}))
    assert (store.about("t-1"), store.about("t-2")) == (TRACE, None)
    store.add(span(THIRD))
    assert store.about("t-1") == TRACE
    store.add(span(trace_id(4)))
    assert store.about("t-1") is None


def test_of_two_traces_about_a_thing_the_one_that_began_first_made_it() -> None:
    store = TraceStore(subject=THING)
    store.add(span(OTHER, 2, attributes={"thing.id": "t-1"}))
    store.add(span(TRACE, 1, attributes={"thing.id": "t-1"}))
    assert store.about("t-1") == TRACE


def test_what_links_to_a_trace_is_found_until_it_is_forgotten() -> None:
    store = TraceStore(Bounds(traces=2))
    store.add(span(OTHER, links=linked(TRACE, THIRD)))
    store.add(span(TRACE))
    assert store.linking_to(TRACE) == [OTHER]
    assert store.linking_to(OTHER) == []
    store.add(span(trace_id(4)))
    assert store.linking_to(TRACE) == []


def test_a_trace_is_shown_with_the_invocation_that_links_to_it_and_without_its_neighbours() -> None:
    store = TraceStore(subject=THING)
    store.add(span(TRACE, 1, attributes={"thing.id": "t-1"}))
    store.add(span(TRACE, 2, parent=span_id(1), links=linked(trace_id(9)), service="outbox_relay"))
    store.add(span(OTHER, 3, name="invocation"))
    store.add(span(OTHER, 4, parent=span_id(3), name="process", links=linked(THIRD, TRACE)))
    store.add(span(OTHER, 5, parent=span_id(4), name="parked neighbour", links=linked(THIRD)))
    store.add(span(THIRD, 6))
    shown = joined(store, TRACE)
    assert shown is not None
    assert [one["spanId"] for one in shown["spans"]] == [span_id(number) for number in (1, 2, 3, 4)]
    assert [(one["links"], one.get("linkCount")) for one in shown["spans"]] == [
        ([], None),
        ([{"traceId": trace_id(9), "spanId": span_id(1)}], 1),
        ([], None),
        ([{"traceId": TRACE, "spanId": span_id(1)}], 2),
    ]
    assert (shown["thingId"], shown["linkedTraces"]) == ("t-1", [OTHER])


def test_a_request_that_created_a_message_of_a_trace_is_shown_with_it() -> None:
    store = TraceStore()
    store.add(span(TRACE, 1, kind="SERVER"))
    store.add(span(TRACE, 2, parent=span_id(1), kind="PRODUCER", links=linked(OTHER)))
    store.add(span(TRACE, 3, parent=span_id(1), kind="CLIENT", links=linked(THIRD)))
    store.add(span(OTHER, 4, kind="SERVER"))
    store.add(span(OTHER, 5, parent=span_id(4), kind="CLIENT"))
    store.add(span(THIRD, 6, kind="SERVER"))
    shown = joined(store, TRACE)
    assert shown is not None
    assert [one["spanId"] for one in shown["spans"]] == [span_id(number) for number in (1, 2, 3, 4, 5)]
    assert shown["linkedTraces"] == [OTHER]


def test_a_trace_that_is_not_known_is_none() -> None:
    assert joined(TraceStore(), TRACE) is None


def test_a_batchs_own_trace_shows_its_first_links_and_how_many_there_are() -> None:
    store = TraceStore()
    store.add(span(OTHER, links=linked(*map(trace_id, range(1, 7001)))))
    shown = joined(store, OTHER)
    assert shown is not None
    assert shown["spans"][0]["linkCount"] == 7000
    assert len(shown["spans"][0]["links"]) == 100


def test_the_list_names_a_trace_by_its_root() -> None:
    store = TraceStore()
    store.add(span(TRACE, 2, parent=span_id(1), name="below", start=1004.0, duration=10.0, status="ERROR"))
    store.add(span(TRACE, 1, parent=span_id(99), name="root", service="kong", start=1000.0, duration=12.0))
    trace = store.latest(1)[0]
    assert summary(trace) == {
        "traceId": TRACE,
        "name": "root",
        "service": "kong",
        "start": 1000.0,
        "duration": 14.0,
        "spans": 2,
        "errors": 1,
    }
    assert summary(trace, THING) == {**summary(trace), "thingId": None}


def test_the_latest_traces_come_first() -> None:
    store = TraceStore()
    for number in (2, 3, 1):
        store.add(span(trace_id(number), number))
    assert [trace.trace_id for trace in store.latest(2)] == [trace_id(3), trace_id(2)]


def test_memory_stays_within_what_is_counted_after_very_many_spans() -> None:
    bounds = Bounds(traces=300, spans=400, size_bytes=500_000, spans_per_trace=100, bytes_per_trace=100_000)
    store, dice = TraceStore(bounds, subject=THING), random.Random(1)
    tracemalloc.start()
    try:
        for number in range(1, 1_201):
            batch = dice.randbytes(24 * 1000) if number % 50 == 0 else b""
            text = f"{dice.random()}" * dice.randrange(1, 40)
            attributes = {"thing.id": f"t-{number}", "text": text}
            store.add(span(trace_id(dice.randrange(1, 400)), number, attributes=attributes, links=batch))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert is_consistent(store)
    assert store.size_bytes <= bounds.size_bytes
    assert store.span_count <= bounds.spans
    assert used <= 1.2 * store.size_bytes
