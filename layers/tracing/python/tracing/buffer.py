"""The spans of one invocation, kept until its end.

Bounded: a span that begins when there are so many already is counted and forgotten, so those that began first, the
invocation's own among them, are always there. A `send` span, which nothing refers to, is then not even made.
"""

from __future__ import annotations

from tracing.spans import RecordedSpan

SPANS_MAX = 2_000
# The largest batch of the event source mapping.
LINKS_MAX = 10_000


class SpanBuffer:
    """Holds what has begun since it was emptied."""

    def __init__(self, spans_max: int = SPANS_MAX) -> None:
        self._spans_max = spans_max
        self._begin()

    def _begin(self) -> None:
        self._kept: list[RecordedSpan] = []
        self.dropped = 0

    @property
    def is_full(self) -> bool:
        """Whether a span that begins now is one too many."""
        return len(self._kept) >= self._spans_max

    def keep(self, span: RecordedSpan) -> bool:
        """Take a span that has just begun. False for one that is not recorded, and for one too many, which counts."""
        if not span.span.is_recording():
            return False
        if self.is_full:
            self.dropped += 1
            return False
        self._kept.append(span)
        return True

    def take(self) -> list[RecordedSpan]:
        """Return the spans that have ended, in the order of their beginnings, and begin anew."""
        ended = [span for span in self._kept if not span.span.is_recording()]
        self._begin()
        return ended
