"""The spans of one invocation, kept until its end.

Bounded: a span that begins when there are so many already is counted and forgotten, so those that began first, the
invocation's own among them, are always there. A `send` span, which nothing refers to, is then not even made.
"""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from tracing.spans import RecordedSpan

SPANS_MAX = 2_000
# The largest batch of the event source mapping.
LINKS_MAX = 10_000


class SpanBuffer(SpanProcessor):
    """Holds what has ended since it was emptied."""

    def __init__(self, spans_max: int = SPANS_MAX) -> None:
        self._spans_max = spans_max
        self._begin()

    def _begin(self) -> None:
        self._admitted: set[int] = set()
        self._kept: dict[int, RecordedSpan] = {}
        self._ended: list[RecordedSpan] = []
        self.dropped = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        if self.is_full:
            self.dropped += 1
        else:
            self._admitted.add(span.context.span_id)

    @property
    def is_full(self) -> bool:
        """Whether a span that begins now is one too many."""
        return len(self._admitted) >= self._spans_max

    def keep(self, span: RecordedSpan) -> bool:
        """Export it when it has ended. False for one that is not recorded, or was one too many."""
        span_id = span.span.get_span_context().span_id
        if span_id not in self._admitted:
            return False
        self._kept[span_id] = span
        return True

    def on_end(self, span: ReadableSpan) -> None:
        if (kept := self._kept.get(span.context.span_id)) is not None:
            self._ended.append(kept)

    def take(self) -> list[RecordedSpan]:
        """Return the spans in the order of their ends, and begin anew."""
        ended = self._ended
        self._begin()
        return ended
