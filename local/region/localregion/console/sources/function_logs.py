"""The functions' log files, of each only its end: the last lines, and the lines of a trace.

Lines are JSON as Powertools writes them, with `trace_id` and `span_id` where an invocation is traced, and Lambda's own
START, END and REPORT. Everything here blocks, and reads at most `TAIL_BYTES` of a file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localregion import rotation

TAIL_BYTES = 2_000_000
LINES_MAX = 500
_LAST_BYTES = 50_000
_LINE_MAX = 20_000

LogLine = dict[str, Any]


def last_lines(folder: Path, function: str, count: int) -> list[LogLine | str]:
    """Return the end of a function's log: what is JSON as the API's form of it, the rest as text."""
    lines = _tail(folder / f"{function}.log", _LAST_BYTES).splitlines()[-count:]
    return [_parsed(line, function) or line.decode(errors="replace")[:_LINE_MAX] for line in lines if line]


def of_traces(folder: Path, trace_ids: Collection[str], *, about: tuple[str, str] | None) -> list[LogLine]:
    """Return the lines of these traces by time.

    `about` is a field and its value: what a batch logged with another value in it belongs to other traces.
    """
    field, value = about or (None, None)
    found = [
        line
        for path in sorted(folder.glob("*.log"))
        for line in _lines_with(_tail(path, TAIL_BYTES), trace_ids, path.stem)
        if line["fields"].get(field) in (None, value)
    ]
    found.sort(key=lambda line: line["time"] or "")
    return found[-LINES_MAX:]


def _lines_with(text: bytes, trace_ids: Collection[str], function: str) -> Iterator[LogLine]:
    for trace_id in trace_ids:
        wanted, offset = trace_id.encode(), 0
        while (offset := text.find(wanted, offset)) >= 0:
            begin, end = text.rfind(b"\n", 0, offset) + 1, text.find(b"\n", offset)
            end = end if end >= 0 else len(text)
            line = _parsed(text[begin:end], function)
            if line is not None and line["fields"].get("trace_id") == trace_id:
                yield line
            offset = end


def _tail(path: Path, size: int) -> bytes:
    """Return the end of a log from the beginning of a line on, of its former file as well."""
    text = rotation.tail(path, size)
    return text if len(text) < size else text.partition(b"\n")[2]


def _parsed(line: bytes, function: str) -> LogLine | None:
    if not line.startswith(b"{") or len(line) > _LINE_MAX:
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return _metrics(fields, function) if "_aws" in fields else _logged(fields, function)


def _logged(fields: dict[str, Any], function: str) -> LogLine:
    return {
        "time": _time(fields.pop("timestamp", None)),
        "service": str(fields.pop("service", function)),
        "level": str(fields.pop("level", "")),
        "message": _message(fields.pop("message", "")),
        "spanId": fields.get("span_id"),
        "fields": fields,
    }


def _metrics(fields: dict[str, Any], function: str) -> LogLine:
    """Return a line of figures in CloudWatch's embedded metric format as one that says so."""
    at = fields.pop("_aws")
    stamp = at.get("Timestamp") if isinstance(at, dict) else None
    moment = (
        datetime.fromtimestamp(stamp / 1000, UTC).isoformat() if isinstance(stamp, int) and 0 <= stamp < 2**42 else None
    )
    service = str(fields.pop("service", function))
    return {
        "time": _time(moment),
        "service": service,
        "level": "METRIC",
        "message": "metrics",
        "spanId": None,
        "fields": fields,
    }


def _message(message: Any) -> str:
    return message if isinstance(message, str) else json.dumps(message)


def _time(text: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
