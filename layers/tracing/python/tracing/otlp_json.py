"""Spans as OTLP's JSON: the body of `POST /v1/traces`. Pure.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids are hexadecimal, 64-bit integers are strings,
enumerations are numbers. Written by hand: the protobuf encoder costs more at import than everything else of tracing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii as _text
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import Status

from tracing.trace_context import TraceContext

SCOPE = "serverless-orders"
# Bits of a span's and a link's flags beside W3C's own: it is known whether the parent is remote, and it is remote.
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
_KINDS = {SpanKind.INTERNAL: 1, SpanKind.SERVER: 2, SpanKind.CLIENT: 3, SpanKind.PRODUCER: 4, SpanKind.CONSUMER: 5}
_NOTHING: dict[int, Sequence[TraceContext]] = {}


def resource(attributes: Mapping[str, Any]) -> str:
    """The part of every request that never changes."""
    return f'{{"attributes":[{_attributes(attributes)}]}}'


def request(
    resource: str, spans: Sequence[ReadableSpan], links: Mapping[int, Sequence[TraceContext]] = _NOTHING
) -> bytes:
    """The body that exports these spans; `resource` is what the function of that name returned."""
    encoded = ",".join(_span(span, links.get(span.context.span_id, ())) for span in spans)
    return (
        f'{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"{SCOPE}"}},"spans":[{encoded}]}}]}}]}}'
    ).encode()


def _span(span: ReadableSpan, links: Sequence[TraceContext]) -> str:
    """As text: by way of dictionaries it takes almost twice as long, thousands of links five times."""
    context, parent = span.context, span.parent
    flags = int(context.trace_flags) | _HAS_IS_REMOTE
    if parent is not None and parent.is_remote:
        flags |= _IS_REMOTE
    above = "" if parent is None else f',"parentSpanId":"{parent.span_id:016x}"'
    state = f',"traceState":{_text(context.trace_state.to_header())}' if context.trace_state else ""
    linked = f',"links":[{",".join(map(_link, links))}]' if links else ""
    return (
        f'{{"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}","flags":{flags},'
        f'"name":{_text(span.name)},"kind":{_KINDS[span.kind]},'
        f'"startTimeUnixNano":"{span.start_time}","endTimeUnixNano":"{span.end_time}",'
        f'"attributes":[{_attributes(span.attributes or {})}],"status":{{{_status(span.status)}}}'
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
        # A collector would refuse the whole request over half a surrogate pair.
        return f'"stringValue":{_text(value if value.isascii() else value.encode(errors="replace").decode())}'
    if isinstance(value, bool):
        return f'"boolValue":{"true" if value else "false"}'
    if isinstance(value, int):
        return f'"intValue":"{value}"'
    return f'"doubleValue":{json.dumps(value)}'
