r"""Recognise a body of spans that is written as functions and gateways here write it, without reading it.

What matches is never refused by `otlp.decode` or `zipkin.decode` (a property test), so it may be read later. What does
not match says nothing: it has members in another order, spaces, text beyond ASCII or a mistake, and is read at once.
No body takes longer than its length: what is repeated begins with a character that what follows it does not begin with,
and runs of characters are possessive. Groups are not: before 3.11.5 Python takes too much for them (cpython#106052).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localregion.console.traces import otlp, zipkin
from localregion.console.traces.span import Span

# Text without `\u`: half a surrogate pair would be one mistake more to look for.
_TEXT = r'"(?:[ !#-\[\]-~]++|\\["\\/bfnrt])*"'
_TRACE_ID = '"(?!0{32})[0-9a-f]{32}"'
_SPAN_ID = '"(?!0{16})[0-9a-f]{16}"'
# Fewer digits than 64 bits have.
_NUMBER = "(?:0|[1-9][0-9]{0,17}+)"
_FRACTION = rf"-?+{_NUMBER}(?:\.[0-9]++)?(?:e[-+]?+[0-9]{{1,3}}+)?"


def _list(entry: str) -> str:
    return rf"\[(?:{entry}(?:,{entry})*)?\]"


def _otlp() -> str:
    value = rf'"stringValue":{_TEXT}|"boolValue":(?:true|false)|"intValue":"-?+{_NUMBER}"|"doubleValue":{_FRACTION}'
    attributes = _list(rf'\{{"key":{_TEXT},"value":\{{(?:{value})\}}\}}')
    link = rf'\{{"traceId":{_TRACE_ID},"spanId":{_SPAN_ID},"flags":{_NUMBER}\}}'
    span = (
        rf'\{{"traceId":{_TRACE_ID},"spanId":{_SPAN_ID},"flags":{_NUMBER},"name":{_TEXT},"kind":[1-5],'
        rf'"startTimeUnixNano":"{_NUMBER}[0-9]?+","endTimeUnixNano":"{_NUMBER}[0-9]?+","attributes":{attributes},'
        rf'"status":\{{"code":[0-2](?:,"message":{_TEXT})?\}}(?:,"parentSpanId":{_SPAN_ID})?'
        rf'(?:,"traceState":{_TEXT})?(?:,"links":{_list(link)})?\}}'
    )
    scope_spans = rf'\{{"scope":\{{"name":{_TEXT}\}},"spans":{_list(span)}\}}'
    return rf'\{{"resourceSpans":\[\{{"resource":\{{"attributes":{attributes}\}},"scopeSpans":\[{scope_spans}\]\}}\]\}}'


def _zipkin() -> str:
    place = rf'(?:"(?:serviceName|ipv4|ipv6)":{_TEXT}|"port":{_NUMBER})'
    endpoint = rf"(?:null|\{{(?:{place}(?:,{place})*)?\}})"
    parent = rf'(?:,"parentId":{_SPAN_ID})?'
    tag = rf"{_TEXT}:{_TEXT}"
    notes = _list(rf'\{{"value":{_TEXT},"timestamp":{_NUMBER}\}}')
    return _list(
        rf'\{{"traceId":{_TRACE_ID},"localEndpoint":\{{"serviceName":{_TEXT}\}},"id":{_SPAN_ID}{parent},"name":{_TEXT},'
        rf'"kind":"[A-Z]{{1,20}}+","timestamp":{_NUMBER},"duration":{_NUMBER},"remoteEndpoint":{endpoint},'
        rf'"tags":\{{(?:{tag}(?:,{tag})*)?\}}{parent}(?:,"annotations":{notes})?\}}'
    )


def _recognises(pattern: str) -> Callable[[bytes], object]:
    return re.compile(pattern.encode()).fullmatch


# By path: whether a body is of the plain form, and what reads it.
FORMS: dict[bytes, tuple[Callable[[bytes], object], Callable[[Any], list[Span]]]] = {
    b"/v1/traces": (_recognises(_otlp()), otlp.decode),
    b"/api/v2/spans": (_recognises(_zipkin()), zipkin.decode),
}
