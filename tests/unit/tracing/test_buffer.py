"""What is kept of an invocation that makes too many spans."""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider

from tracing.attributes import dropped
from tracing.buffer import SpanBuffer


def test_the_spans_that_began_first_are_kept_and_the_others_counted() -> None:
    buffer = SpanBuffer(spans_max=3)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(buffer)
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("invocation"):
        for number in range(5):
            with tracer.start_as_current_span(f"child {number}"):
                pass

    assert buffer.dropped == 3
    spans, _ = buffer.take()
    assert [span.name for span in spans] == ["child 0", "child 1", "invocation"]
    assert (buffer.dropped, buffer.take()) == (0, ([], {}))


def test_only_what_was_dropped_is_said() -> None:
    assert dropped(0) == {}
    assert dropped(7) == {"otel.dropped_spans": 7}
