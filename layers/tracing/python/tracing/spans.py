"""One span of the SDK, as a function sees it."""

from __future__ import annotations

from functools import cached_property

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.status import Status, StatusCode

from tracing.protocol import Attributes
from tracing.trace_context import TraceContext

MESSAGE_MAX = 200


class RecordedSpan:
    """See `tracing.protocol.Span`. Also for a span that is not recorded: its context travels on as not sampled."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    @cached_property
    def context(self) -> TraceContext:
        known = self.span.get_span_context()
        return TraceContext(
            f"{known.trace_id:032x}", f"{known.span_id:016x}", int(known.trace_flags), known.trace_state.to_header()
        )

    def set(self, attributes: Attributes) -> None:
        self.span.set_attributes(dict(attributes))

    def fail(self, error_type: str, message: str = "") -> None:
        self.span.set_attribute("error.type", error_type)
        self.span.set_status(Status(StatusCode.ERROR, message[:MESSAGE_MAX] or None))

    def fail_with(self, error: BaseException) -> None:
        """Without the exception's text, which may hold what came in."""
        sqlstate = getattr(error, "sqlstate", None)
        if isinstance(sqlstate, str):
            self.span.set_attribute("db.response.status_code", sqlstate)
        self.fail(sqlstate if isinstance(sqlstate, str) else type(error).__qualname__)

    def end(self) -> None:
        self.span.end()


def remote_parent(parent: TraceContext) -> Context:
    """The SDK's context in which a span is below this one."""
    known = trace.SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(parent.flags),
        trace_state=trace.TraceState.from_header([parent.tracestate]),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(known))
