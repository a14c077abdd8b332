"""Spans as OTLP's JSON: the body of `POST /v1/traces`. Pure.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids are hexadecimal, 64-bit integers are strings,
enumerations are numbers. Written by hand: the protobuf encoder costs more at import than everything else of tracing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii as _text
from math import isfinite
from typing import Any

from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import Status

from tracing.spans import RecordedSpan
from tracing.trace_context import TraceContext

SCOPE = "serverless-orders"
# Bits of a span's and a link's flags beside W3C's own: it is known whether the parent is remote, and it is remote.
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
_KINDS = {SpanKind.INTERNAL: 1, SpanKind.SERVER: 2, SpanKind.CLIENT: 3, SpanKind.PRODUCER: 4, SpanKind.CONSUMER: 5}
# Characters of an attribute's text; the rest is cut off.
TEXT_MAX = 4_096


def resource(attributes: Mapping[str, Any]) -> str:
    """The part of every request that never changes."""
    return f'{{"attributes":[{_attributes(attributes)}]}}'


def request(resource: str, spans: Sequence[RecordedSpan]) -> bytes:
    """The body that exports these spans; `resource` is what the function of that name returned."""
    encoded = ",".join(map(_span, spans))
    return (
        f'{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"{SCOPE}"}},"spans":[{encoded}]}}]}}]}}'
    ).encode()


def _span(recorded: RecordedSpan) -> str:
    """As text: by way of dictionaries it takes almost twice as long, thousands of links five times."""
    span = recorded.span
    context, parent = span.context, span.parent
    flags = int(context.trace_flags) | _HAS_IS_REMOTE
    if parent is not None and parent.is_remote:
        flags |= _IS_REMOTE
    above = "" if parent is None else f',"parentSpanId":"{parent.span_id:016x}"'
    state = f',"traceState":{_text(context.trace_state.to_header())}' if context.trace_state else ""
    linked = f',"links":[{",".join(map(_link, recorded.links))}]' if recorded.links else ""
    return (
        f'{{"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}","flags":{flags},'
        f'"name":{_text(span.name)},"kind":{_KINDS[span.kind]},'
        f'"startTimeUnixNano":"{span.start_time}","endTimeUnixNano":"{span.end_time}",'
        f'"attributes":[{_attributes(recorded.attributes)}],"status":{{{_status(span.status)}}}'
        f"{above}{state}{linked}}}"
    )


def _link(context: TraceContext) -> str:
    flags = context.flags | _HAS_IS_REMOTE | _IS_REMOTE
    return f'{{"traceId":"{context.trace_id}","spanId":"{context.span_id}","flags":{flags}}}'


def _status(status: Status) -> str:
    message = f',"message":{_text(status.description)}' if status.description else ""
    return f'"code":{status.status_code.value}{message}'


def _attributes(attributes: Mapping[str, Any]) -> str:
    return ",".join([f'{{"key":{_text(name)},"value":{{{_value(value)}}}}}' for name, value in attributes.items()])


def _value(value: Any) -> str:
    if isinstance(value, str):
        value = value[:TEXT_MAX]
        # A collector would refuse the whole request over half a surrogate pair.
        return f'"stringValue":{_text(value if value.isascii() else value.encode(errors="replace").decode())}'
    if isinstance(value, bool):
        return f'"boolValue":{"true" if value else "false"}'
    if isinstance(value, int):
        return f'"intValue":"{value}"'
    if isinstance(value, float) and isfinite(value):
        return f'"doubleValue":{value!r}'
    return _value(str(value))
