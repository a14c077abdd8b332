"""The spans of one invocation, kept until its end.

Bounded: a span that begins when there are so many already is counted and forgotten, so those that began first, the
invocation's own among them, are always there. A `send` span, which nothing refers to, is then not even made. Links
stand beside the spans and not in them: the SDK needs 0.15 s for the 7,000 of a large batch and a tenth of that is
enough for their text.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from tracing.trace_context import TraceContext

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
        self._ended: list[ReadableSpan] = []
        self.links: dict[int, Sequence[TraceContext]] = {}
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

    def keeps(self, span_id: int) -> bool:
        """Whether this span will be exported: it is recorded and was not one too many."""
        return span_id in self._admitted

    def on_end(self, span: ReadableSpan) -> None:
        if self.keeps(span.context.span_id):
            self._ended.append(span)

    def take(self) -> tuple[list[ReadableSpan], dict[int, Sequence[TraceContext]]]:
        """Return the spans and their links by span id, and begin anew."""
        ended, links = self._ended, self.links
        self._begin()
        return ended, links
