"""One span of the SDK, as a function sees it."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Token
from functools import cached_property
from types import TracebackType
from typing import Any

from opentelemetry import context as current
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.status import Status, StatusCode

from tracing.protocol import Attributes
from tracing.trace_context import TraceContext

MESSAGE_MAX = 200


class RecordedSpan:
    """See `tracing.protocol.Span`. As a block it is the current span, fails with the block and ends with it.

    Also for a span that is not recorded: its context travels on as not sampled. Attributes and links stand beside the
    SDK's span and not in it: the SDK checks and copies each of them, which costs more than all else about a span.
    """

    def __init__(self, span: Any, attributes: Attributes | None = None, links: Sequence[TraceContext] = ()) -> None:
        self.span = span
        self.attributes: dict[str, Any] = {**attributes} if attributes else {}
        self.links = links

    def __enter__(self) -> RecordedSpan:
        self._token: Token[Context] = current.attach(trace.set_span_in_context(self.span))
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        current.detach(self._token)
        self._end_of_block(error)

    @cached_property
    def context(self) -> TraceContext:
        return context_of(self.span)

    def set(self, attributes: Attributes) -> None:
        self.attributes.update(attributes)

    def fail(self, error_type: str, message: str = "") -> None:
        self.attributes["error.type"] = error_type
        self.span.set_status(Status(StatusCode.ERROR, message[:MESSAGE_MAX] or None))

    def fail_with(self, error: BaseException) -> None:
        """Without the exception's text, which may hold what came in."""
        sqlstate = getattr(error, "sqlstate", None)
        if isinstance(sqlstate, str):
            self.attributes["db.response.status_code"] = sqlstate
        self.fail(sqlstate if isinstance(sqlstate, str) else type(error).__qualname__)

    def end(self) -> None:
        self.span.end()

    def _end_of_block(self, error: BaseException | None) -> None:
        if error is not None:
            self.fail_with(error)
        self.end()


class LeafSpan(RecordedSpan):
    """One that nothing is recorded below: its block leaves the current span as it is."""

    def __enter__(self) -> LeafSpan:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._end_of_block(error)


def context_of(span: trace.Span) -> TraceContext:
    """What travels on of a span."""
    known = span.get_span_context()
    return TraceContext(
        f"{known.trace_id:032x}", f"{known.span_id:016x}", int(known.trace_flags), known.trace_state.to_header()
    )


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
