"""Spans of an invocation, exported at its end as OTLP, and the trace context that travels on.

Tracing is off unless the environment names a collector. Then nothing here imports OpenTelemetry, and nothing is made or
sent; what a client's own `traceparent` needs in order to travel on works all the same.
"""

from tracing.configuration import TracingSettings, configure, prepare
from tracing.protocol import Observer, Span, Tracing
from tracing.trace_context import TraceContext, context_of, is_traceparent, parse

__all__ = [
    "Observer",
    "Span",
    "TraceContext",
    "Tracing",
    "TracingSettings",
    "configure",
    "context_of",
    "is_traceparent",
    "parse",
    "prepare",
]
