"""Spans as OTLP's JSON: the body of `POST /v1/traces`. Pure.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids are hexadecimal, 64-bit integers are strings,
enumerations are numbers. Written by hand: the protobuf encoder costs more at import than everything else of tracing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from tracing.trace_context import TraceContext

SCOPE = "serverless-orders"
# Bits of a span's and a link's flags beside W3C's own: it is known whether the parent is remote, and it is remote.
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
_encode = json.JSONEncoder(separators=(",", ":")).encode
_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_NOTHING: dict[int, Sequence[TraceContext]] = {}


def resource(attributes: Mapping[str, Any]) -> str:
    """The part of every request that never changes."""
    return _encode({"attributes": _attributes(attributes)})


def request(
    resource: str, spans: Sequence[ReadableSpan], links: Mapping[int, Sequence[TraceContext]] = _NOTHING
) -> bytes:
    """The body that exports these spans; `resource` is what the function of that name returned."""
    encoded = ",".join(_span(span, links.get(span.context.span_id, ())) for span in spans)
    return (
        f'{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"{SCOPE}"}},"spans":[{encoded}]}}]}}]}}'
    ).encode()


def _span(span: ReadableSpan, links: Sequence[TraceContext]) -> str:
    context, parent = span.context, span.parent
    flags = int(context.trace_flags) | _HAS_IS_REMOTE
    document: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "flags": flags | _IS_REMOTE if parent is not None and parent.is_remote else flags,
        "name": span.name,
        "kind": _KINDS[span.kind.name],
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(span.attributes or {}),
        "status": _status(span),
    }
    if parent is not None:
        document["parentSpanId"] = f"{parent.span_id:016x}"
    if context.trace_state:
        document["traceState"] = context.trace_state.to_header()
    text = _encode(document)
    # As text: dictionaries for thousands of links take five times as long.
    return f'{text[:-1]},"links":[{",".join(map(_link, links))}]}}' if links else text


def _link(context: TraceContext) -> str:
    flags = context.flags | _HAS_IS_REMOTE | _IS_REMOTE
    return f'{{"traceId":"{context.trace_id}","spanId":"{context.span_id}","flags":{flags}}}'


def _status(span: ReadableSpan) -> dict[str, Any]:
    code = span.status.status_code.value
    return {"code": code, "message": span.status.description} if span.status.description else {"code": code}


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        # A collector would refuse the whole request over half a surrogate pair.
        return {"stringValue": value if value.isascii() else value.encode(errors="replace").decode()}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value}
