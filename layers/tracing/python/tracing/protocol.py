"""What a function sees of tracing, whether it is on or off.

A span is named and attributed as https://opentelemetry.io/docs/specs/semconv/ says (`tracing.attributes`). Nothing of
this raises because of tracing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeVar

from tracing.trace_context import TraceContext

Kind = Literal["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
Attributes = Mapping[str, str | int | float | bool]
# Called with a statement before it is sent. The context manager that it returns ends when the answer is there.
Observer = Callable[[object], AbstractContextManager[object]]
P = TypeVar("P")
M = TypeVar("M")


class Log(Protocol):
    """What of a Powertools Logger is used."""

    def append_keys(self, **keys: object) -> None: ...
    def remove_keys(self, keys: Iterable[str]) -> None: ...
    def info(self, msg: object, *, extra: Mapping[str, object]) -> None: ...
    def warning(self, msg: object, *, extra: Mapping[str, object]) -> None: ...


class DatabasePlace(Protocol):
    """What of a function's database settings stands in its spans."""

    @property
    def database_host(self) -> str: ...
    @property
    def database_port(self) -> int: ...
    @property
    def database_name(self) -> str: ...


class Span(Protocol):
    """One piece of work; it ends with the block that it was made for."""

    @property
    def context(self) -> TraceContext | None:
        """What travels on; None when tracing is off."""

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, error_type: str, message: str = "") -> None:
        """It did not succeed. The message goes to the collector as it is."""


class Tracing(Protocol):
    """One per execution environment."""

    def invocation(
        self,
        name: str,
        *,
        context: Any,
        trigger: Literal["http", "pubsub", "timer", "other"],
        headers: Mapping[str, Any] | None = None,
        attributes: Attributes | None = None,
    ) -> AbstractContextManager[Span]:
        """The span of one invocation, under the parent that `headers` name. At its end all spans are exported."""

    def span(
        self,
        name: str,
        *,
        kind: Kind = "INTERNAL",
        attributes: Attributes | None = None,
        links: Iterable[TraceContext] = (),
    ) -> AbstractContextManager[Span]:
        """A span below the current one; links to contexts that are not sampled are left out."""

    def statements(self, database: DatabasePlace) -> Observer | None:
        """The observer that makes a span of each statement; None when there is nothing to record."""

    def created(self, message: M) -> M:
        """The same message, carrying the context of a `create` span of its own."""

    def created_below(self, message: M) -> M:
        """The same, of a span below the context that the message has already, linked to the current span."""

    def publisher(self, publisher: P, *, endpoint: str, below_message: bool) -> P:
        """The same publisher, with a `send` span for each message: below the message's own context, or linked to it."""

    def close(self) -> None:
        """Drop the connection to the collector; the next export opens a new one."""
