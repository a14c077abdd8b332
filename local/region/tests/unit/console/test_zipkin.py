"""Zipkin's v2 JSON, read."""

from __future__ import annotations

from typing import Any

import pytest
from unit.console.spans import TRACE, span_id, zipkin_span

from localregion.console.traces import zipkin
from localregion.console.traces.span_fields import MalformedSpansError


def one(**changes: Any) -> dict[str, Any]:
    (span,) = zipkin.decode([zipkin_span(1, **changes)])
    return span.document()


def test_a_span_of_kongs_is_read() -> None:
    noted = [{"timestamp": 1_700_000_000_123_500, "value": "krs"}]
    assert one(parentId=span_id(2), annotations=noted) == {
        "traceId": TRACE,
        "spanId": span_id(1),
        "parent": span_id(2),
        "name": "POST",
        "kind": "SERVER",
        "service": "kong",
        "start": pytest.approx(1_700_000_000_123.456),
        "duration": pytest.approx(34.2),
        "status": "UNSET",
        "attributes": {"http.status_code": "201"},
        "events": [{"time": 1_700_000_000_123.5, "name": "krs", "attributes": {}}],
    }


def test_a_span_that_nobody_finished_takes_no_time() -> None:
    entry = zipkin_span(1)
    del entry["duration"]
    (span,) = zipkin.decode([entry])
    assert span.duration == 0


def test_a_short_trace_id_is_the_lower_half() -> None:
    assert one(traceId="f" * 16)["traceId"] == "0" * 16 + "f" * 16


@pytest.mark.parametrize(
    ("tags", "status", "message"),
    [
        ({"error": "true"}, "ERROR", None),
        ({"error": True}, "ERROR", "True"),
        ({"error": "timeout"}, "ERROR", "timeout"),
        ({"error": "false"}, "UNSET", None),
        ({"http.status_code": "503"}, "ERROR", None),
        ({"http.status_code": 500}, "ERROR", None),
        ({"http.status_code": "404"}, "UNSET", None),
    ],
)
def test_errors_are_tags(tags: dict[str, Any], status: str, message: str | None) -> None:
    found = one(tags=tags)
    assert (found["status"], found.get("statusMessage")) == (status, message)


@pytest.mark.parametrize(
    "document",
    [
        {},
        "x",
        [1],
        [zipkin_span(1, traceId=None)],
        [zipkin_span(1, id="z" * 16)],
        [zipkin_span(1, timestamp=None)],
        [zipkin_span(1, timestamp="soon")],
        [zipkin_span(1, duration=-5)],
        [zipkin_span(1, tags=[])],
        [zipkin_span(1, localEndpoint="kong")],
        [zipkin_span(1, annotations=[{"value": "no time"}])],
        [zipkin_span(1), zipkin_span(2, parentId=3)],
    ],
)
def test_what_is_no_zipkin_is_refused(document: Any) -> None:
    with pytest.raises(MalformedSpansError):
        zipkin.decode(document)
