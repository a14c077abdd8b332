"""Pure: one trace as lines of text, a bar per span, as `make order` shows it.

Children stand below their parents in the order of their start. Spans of other traces that link to this one (a batch of
messages) stand at the end with an arrow. Bars share one scale, from the first start to the last end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Span = dict[str, Any]

_BAR_MIN = 10
_SERVICE_MAX = 18
_COLUMNS = 11  # of a time, right-aligned
_PALETTE = (36, 32, 35, 34, 33)
_RED, _DIM = 31, 2


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What there is to draw on: `bar` is the character that fills bars."""

    width: int = 100
    is_coloured: bool = False
    bar: str = "█"


def waterfall(trace: dict[str, Any], paper: Paper) -> list[str]:
    """Return a head line and a line per span of what the console answers for a trace."""
    rows = list(_rows(trace["spans"], trace["traceId"]))
    if not rows:
        return [f"trace {trace['traceId']}: no spans"]
    spans = [span for span, _ in rows]
    began = min(span["start"] for span in spans)
    total_ms = max(max(span["start"] + span["duration"] for span in spans) - began, 0.001)
    layout = _layout(rows, paper)
    colours = dict(zip(dict.fromkeys(span["service"] for span in spans), itertools.cycle(_PALETTE), strict=False))
    errors = sum(span.get("status") == "ERROR" for span in spans)
    wrong = f", {errors} with errors" if errors else ""
    head = f"trace {trace['traceId']}: {len(spans)} spans in {_time(total_ms)}{wrong}"
    lines = [head, _dim("at".rjust(layout.width - _COLUMNS) + "took".rjust(_COLUMNS), paper)]
    for span, label in rows:
        offset = span["start"] - began
        bar = _bar(offset / total_ms, span["duration"] / total_ms, layout.bar, paper.bar)
        is_error = span.get("status") == "ERROR"
        bar = _coloured(bar, _RED if is_error else colours[span["service"]], paper)
        service = _cut(span["service"], layout.service)
        times = f"{_time(offset):>{_COLUMNS}}{_time(span['duration']):>{_COLUMNS}}"
        lines.append(f"{service} {_cut(label, layout.label)} {bar}{times}".rstrip())
        if is_error and span.get("statusMessage"):
            lines.append(_dim(" " * (layout.service + 1) + f"! {span['statusMessage']}"[: layout.width], paper))
    return lines


@dataclass(frozen=True)
class _Layout:
    width: int
    service: int
    label: int
    bar: int


def _layout(rows: list[tuple[Span, str]], paper: Paper) -> _Layout:
    service = min(_SERVICE_MAX, max(len(span["service"]) for span, _ in rows))
    rest = paper.width - service - 2 - 2 * _COLUMNS
    label = max(8, min(max(len(label) for _, label in rows), rest - _BAR_MIN, rest // 2))
    bar = max(_BAR_MIN, rest - label)
    return _Layout(service + 2 + label + bar + 2 * _COLUMNS, service, label, bar)


def _rows(spans: list[Span], trace_id: str) -> Iterator[tuple[Span, str]]:
    """Yield each span once with its label: this trace first, then those that link to it."""
    known = {span["spanId"] for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span["traceId"] != trace_id, span["start"])):
        parent = span.get("parent")
        children.setdefault(parent if parent in known and parent != span["spanId"] else None, []).append(span)
    seen: set[str] = set()
    stack = [(span, 0) for span in reversed(children.get(None, []))]
    while stack:
        span, depth = stack.pop()
        if span["spanId"] in seen:
            continue
        seen.add(span["spanId"])
        yield span, _label(span, depth, trace_id)
        stack += [(child, depth + 1) for child in reversed(children.get(span["spanId"], []))]


def _label(span: Span, depth: int, trace_id: str) -> str:
    is_elsewhere = span["traceId"] != trace_id
    into = is_elsewhere and any(link["traceId"] == trace_id for link in span.get("links", ()))
    count = span.get("linkCount", len(span.get("links", ())))
    of = f" (1 of {count})" if count > 1 and into else ""
    arrow = "↳ " if into else ""
    mark = "! " if span.get("status") == "ERROR" else ""
    return f"{'  ' * depth}{mark}{arrow}{span['name']}{of}"


def _bar(offset: float, length: float, width: int, character: str) -> str:
    start = min(int(offset * width), width - 1)
    end = max(start + 1, min(round((offset + length) * width), width))
    return " " * start + character * (end - start) + " " * (width - end)


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"


def _time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 10_000 else f"{ms:.1f} ms"


def _coloured(text: str, colour: int, paper: Paper) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if paper.is_coloured else text


def _dim(text: str, paper: Paper) -> str:
    return _coloured(text, _DIM, paper)
