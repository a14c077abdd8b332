"""What is kept of an invocation that makes too many spans."""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider

from tracing.attributes import dropped
from tracing.buffer import SpanBuffer
from tracing.spans import RecordedSpan


def test_the_spans_that_began_first_are_kept_and_the_others_counted() -> None:
    buffer = SpanBuffer(spans_max=3)
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("test")
    with RecordedSpan(tracer.start_span("invocation")) as invocation:
        assert buffer.keep(invocation)
        for number in range(5):
            with RecordedSpan(tracer.start_span(f"child {number}")) as child:
                assert buffer.keep(child) == (number < 2)

    assert buffer.dropped == 3
    assert [kept.span.name for kept in buffer.take()] == ["invocation", "child 0", "child 1"]
    assert (buffer.dropped, buffer.take()) == (0, [])


def test_only_what_was_dropped_is_said() -> None:
    assert dropped(0) == {}
    assert dropped(7) == {"otel.dropped_spans": 7}
