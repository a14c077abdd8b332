"""The spans of messages that are published: `create` when one comes into being, `send` when the broker gets it.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/: `create` is the span whose context a message
carries; `send` is handing it to the broker, which a relay does long after and in its own invocation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry import trace

from tracing import attributes as names
from tracing.buffer import SpanBuffer
from tracing.protocol import M
from tracing.spans import context_of
from tracing.trace_context import TraceContext, parse

Start = Callable[..., Any]


def created(message: M, start: Start, *, is_below_message: bool = False) -> M:
    """Return the message with the context of a `create` span of its own in its headers.

    The span stands below the current one, or with `is_below_message` below the context that the message has, if any,
    and is linked to the current one.
    """
    known: Any = message
    name, attributes = _described(known, "create")
    above = parse(known.properties.get("headers")) if is_below_message else None
    links = [] if above is None else _current()
    span = start(name, kind="PRODUCER", attributes=attributes, parent=above, links=links)
    headers = {**known.properties.get("headers", {}), **span.context.headers()}
    span.end()
    traced: M = replace(known, properties={**known.properties, "headers": headers})
    return traced


class TracedPublisher:
    """`below_message`: a span stands below its message's own context, linked to the current span; else the reverse.

    `buffer` says when spans are one too many: a relay that empties a full outbox makes none for nothing.
    """

    def __init__(
        self, publisher: Any, *, start: Start, buffer: SpanBuffer, attributes: Mapping[str, Any], below_message: bool
    ) -> None:
        self._publisher = publisher
        self._start = start
        self._buffer = buffer
        self._attributes = dict(attributes)
        self._below_message = below_message

    def publish(self, messages: Sequence[Any], *, timeout_s: float) -> list[Exception | None]:
        """What the publisher returns or raises, as it is."""
        spans = [self._begin(message) for message in messages]
        outcomes: Sequence[Exception | None] = []
        try:
            outcomes = self._publisher.publish(messages, timeout_s=timeout_s)
        except Exception as error:
            outcomes = [error] * len(spans)
            raise
        finally:
            for span, outcome in zip(spans, outcomes, strict=False):
                if span is not None and outcome is not None:
                    span.fail(type(outcome).__qualname__, str(outcome))
            for span in filter(None, spans):
                span.end()
        return list(outcomes)

    def close(self) -> None:
        self._publisher.close()

    def _begin(self, message: Any) -> Any:
        """None for one too many."""
        created = parse(message.properties.get("headers")) if isinstance(message.properties, dict) else None
        above = created if self._below_message else None
        if self._buffer.is_full:
            self._buffer.dropped += _is_sampled(above)
            return None
        name, attributes = _described(message, "send")
        links = [] if created is None else _current() if self._below_message else [created]
        return self._start(name, kind="CLIENT", attributes=attributes | self._attributes, parent=above, links=links)


def _described(message: Any, operation: str) -> tuple[str, dict[str, Any]]:
    """Name and attributes; properties that are no object have nothing to tell."""
    properties = message.properties if isinstance(message.properties, dict) else {}
    attributes = {
        **names.message(message.exchange, message.routing_key, properties),
        **names.operation(operation, operation),
    }
    return f"{operation} {names.destination(message.exchange, message.routing_key)}", attributes


def _is_sampled(above: TraceContext | None) -> bool:
    """Whether a span would be recorded below this one, or below the current one."""
    return trace.get_current_span().is_recording() if above is None else above.is_sampled


def _current() -> list[TraceContext]:
    return [context_of(trace.get_current_span())]
