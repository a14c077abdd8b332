"""Spans come in, and what is no span changes nothing."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

import pytest
from integration.console.console_process import RunningConsole
from unit.console.spans import OTHER, THIRD, TRACE, attribute, export, link, otlp_span, span_id, zipkin_span

JSON = {"Content-Type": "application/json"}


def test_spans_of_both_senders_are_one_trace_with_the_batch_that_links_to_it(console: RunningConsole) -> None:
    order = otlp_span(2, parentSpanId=span_id(1), attributes=[attribute("thing.id", "t-1")])
    batch = otlp_span(3, traceId=OTHER, name="process", kind=5, links=[link(TRACE, 2), link(THIRD, 9)])
    packed = gzip.compress(json.dumps(export(batch, service="take_things")).encode())
    assert console.client.post("/api/v2/spans", json=[zipkin_span(1)]).status_code == 202
    answer = console.client.post("/v1/traces", json=export(order))
    assert (answer.status_code, answer.json()) == (200, {})
    assert console.client.post("/v1/traces", content=packed, headers={**JSON, "Content-Encoding": "gzip"}).is_success
    trace = console.get(f"/api/traces/{TRACE}")
    assert [(one["service"], one["spanId"], one["parent"]) for one in trace["spans"]] == [
        ("kong", span_id(1), None),
        ("create_order", span_id(2), span_id(1)),
        ("take_things", span_id(3), None),
    ]
    assert (trace["spans"][2]["links"], trace["spans"][2]["linkCount"]) == ([link(TRACE, 2)], 2)
    listed = {one["traceId"]: one for one in console.get("/api/traces?limit=5")["traces"]}
    assert (listed[TRACE]["name"], listed[TRACE]["spans"]) == ("POST", 2)


def test_a_traces_log_lines_stand_beside_its_spans(console: RunningConsole) -> None:
    console.client.post("/v1/traces", json=export(otlp_span(2)))
    line = {"level": "INFO", "message": "order accepted", "timestamp": "2026-11-22 22:13:23,123+0000"}
    (console.folder.function_logs / "create_order.log").write_text(
        json.dumps({**line, "trace_id": TRACE, "span_id": span_id(2)}) + "\n"
    )
    (logged,) = console.get(f"/api/traces/{TRACE}")["logs"]
    assert (logged["message"], logged["spanId"], logged["service"]) == ("order accepted", span_id(2), "create_order")


BROKEN: list[tuple[str, bytes, dict[str, str], int]] = [
    ("/v1/traces", b"", {}, 400),
    ("/v1/traces", b"{", {}, 400),
    ("/v1/traces", b"\xff", {}, 400),
    ("/v1/traces", b"[" * 100_000, {}, 400),
    ("/v1/traces", b"NaN", {}, 400),
    ("/v1/traces", b"[]", {}, 400),
    ("/v1/traces", json.dumps(export(otlp_span(1, traceId=THIRD), otlp_span(2, traceId="x"))).encode(), {}, 400),
    ("/v1/traces", b"no gzip", {"Content-Encoding": "gzip"}, 400),
    ("/v1/traces", gzip.compress(b"{}")[:-4], {"Content-Encoding": "gzip"}, 400),
    ("/v1/traces", gzip.compress(b" " * 20_000_000), {"Content-Encoding": "gzip"}, 413),
    ("/v1/traces", b"{}", {"Content-Encoding": "br"}, 415),
    ("/v1/traces", b"\n\x02", {"Content-Type": "application/x-protobuf"}, 415),
    ("/api/v2/spans", b"{}", {}, 400),
    ("/api/v2/spans", json.dumps([zipkin_span(1, traceId=THIRD), {}]).encode(), {}, 400),
    ("/api/v2/spans", b"[]", {"Content-Type": "text/plain"}, 415),
    ("/api/v2/spans", b"[]", {"Origin": "http://evil.example"}, 403),
    ("/api/v2/spans", b"[]", {"Host": "evil.example"}, 421),
]


@pytest.mark.parametrize(("path", "body", "headers", "status"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_malformed_is_refused_and_breaks_nothing(
    console: RunningConsole, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = console.client.post(path, content=body, headers={**JSON, **headers})
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], bool(problem["detail"])) == (status, status, True)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert console.client.get(f"/api/traces/{THIRD}").status_code == 404


def test_a_body_that_is_too_long_is_refused_while_it_comes(console: RunningConsole) -> None:
    answer = console.client.post("/v1/traces", content=b" " * 9_000_000, headers=JSON)
    assert answer.status_code == 413
    assert console.client.post("/v1/traces", json={}).status_code == 200


def test_errors_a_second_count_failed_requests_once_a_trace(console: RunningConsole) -> None:
    failed = [otlp_span(number, traceId=f"{number % 2 + 7:032x}", status={"code": 2}) for number in range(1, 11)]
    console.client.post("/v1/traces", json=export(*failed))
    assert console.get("/api/overview")["errorsPerSecond"] == 0.2


# What Go's `encoding/json`, which reads Zipkin's spans in Jaeger, makes of each: asked of Go 1.26 itself.
READ_BY_GO: list[tuple[bytes, str]] = [
    (b"/a/\xff", "/a/\ufffd"),
    (b"/caf\xc3\xa9", "/caf\u00e9"),
    (b"\xe2\x82x", "\ufffd\ufffdx"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    (b"\xf0\x9f\x98", "\ufffd\ufffd\ufffd"),
    (b"\xc0\x80", "\ufffd\ufffd"),
]


@pytest.mark.parametrize(("raw", "text"), READ_BY_GO, ids=range(len(READ_BY_GO)))
@pytest.mark.parametrize("packed", [False, True])
def test_bytes_that_are_not_utf8_are_read_as_by_jaeger_and_the_spans_beside_them_too(
    console: RunningConsole, raw: bytes, text: str, packed: bool
) -> None:
    trace = uuid.uuid4().hex
    spans = [
        zipkin_span(1, traceId=trace, tags={"http.path": "PATH"}),
        zipkin_span(2, traceId=trace, parentId=span_id(1)),
    ]
    body = json.dumps(spans).encode().replace(b"PATH", raw)
    headers = {**JSON, "Content-Encoding": "gzip"} if packed else JSON
    answer = console.client.post("/api/v2/spans", content=gzip.compress(body) if packed else body, headers=headers)
    assert answer.status_code == 202
    kept = console.get(f"/api/traces/{trace}")["spans"]
    assert [span["spanId"] for span in kept] == [span_id(1), span_id(2)]
    assert kept[0]["attributes"]["http.path"] == text


def test_functions_spans_that_are_not_utf8_are_refused_as_before(console: RunningConsole) -> None:
    body = json.dumps(export(otlp_span(2, name="NAME"))).encode().replace(b"NAME", b"\xff")
    assert console.client.post("/v1/traces", content=body, headers=JSON).status_code == 400
