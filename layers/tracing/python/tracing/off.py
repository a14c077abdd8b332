"""Tracing that is off: every block runs, nothing is made."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tracing.protocol import Attributes, DatabasePlace, M, P, Span


class NoSpan:
    """Forgets everything."""

    context = None

    def set(self, attributes: Attributes) -> None:
        pass

    def fail(self, error_type: str, message: str = "") -> None:
        pass


_NO_SPAN = nullcontext(NoSpan())


class Off:
    """See `tracing.protocol.Tracing`."""

    def invocation(self, name: str, **_: Any) -> AbstractContextManager[Span]:  # noqa: ARG002
        return _NO_SPAN

    def span(self, name: str, **_: Any) -> AbstractContextManager[Span]:  # noqa: ARG002
        return _NO_SPAN

    def statements(self, database: DatabasePlace) -> None:  # noqa: ARG002
        return None

    def created(self, message: M) -> M:
        return message

    def created_below(self, message: M) -> M:
        return message

    def close(self) -> None:
        pass

    def publisher(self, publisher: P, **_: Any) -> P:
        return publisher


OFF = Off()
