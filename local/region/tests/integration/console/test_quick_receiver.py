"""Connections that bring spans as functions and gateways send them, and then anything else."""

from __future__ import annotations

import json
import socket
import uuid
from contextlib import closing

import pytest
from integration.console.console_process import RunningConsole
from unit.console.spans import compact, export, link, plain_request, plain_span

NEITHER = b"GET /api/nothing HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"


def post(console: RunningConsole, path: str, body: bytes, *more: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{console.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def otlp_body(trace: str) -> bytes:
    """Older than the traces of other tests, so that these stay the latest."""
    span = plain_span(traceId=trace)
    times = {name: span[name].replace("17", "16", 1) for name in ("startTimeUnixNano", "endTimeUnixNano")}
    return compact(export({**span, **times}))


def answers(console: RunningConsole, *pieces: bytes, count: int) -> list[int]:
    """The statuses of that many answers on one connection."""
    received, statuses = b"", []
    with closing(socket.create_connection(("127.0.0.1", console.port), timeout=20)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        while len(statuses) < count:
            received += connection.recv(65_536)
            while (head := received.partition(b"\r\n\r\n"))[1]:
                length = int(head[0].lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                statuses.append(int(head[0].split()[1]))
                received = head[2][length:]
    return statuses


def is_kept(console: RunningConsole, trace: str) -> bool:
    answer = console.client.get(f"/api/traces/{trace}")
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


def test_spans_in_a_row_and_then_a_question_are_one_connection(console: RunningConsole) -> None:
    traces = [uuid.uuid4().hex for _ in range(3)]
    spans = [post(console, "/v1/traces", otlp_body(trace)) for trace in traces[:2]]
    spans.append(post(console, "/api/v2/spans", compact([plain_request(traceId=traces[2])])))
    assert answers(console, b"".join(spans) + NEITHER % console.port, count=4) == [200, 200, 202, 404]
    assert [is_kept(console, trace) for trace in traces] == [True] * 3


def test_a_request_may_come_in_single_octets(console: RunningConsole) -> None:
    trace = uuid.uuid4().hex
    sent = post(console, "/v1/traces", otlp_body(trace)) + NEITHER % console.port
    assert answers(console, *(sent[at : at + 1] for at in range(len(sent))), count=2) == [200, 404]
    assert is_kept(console, trace)


def test_spans_of_another_form_are_kept_as_well_and_the_connection_goes_on(console: RunningConsole) -> None:
    traces = [uuid.uuid4().hex for _ in range(3)]
    usual = [post(console, "/v1/traces", otlp_body(trace)) for trace in traces]
    spaced = post(console, "/v1/traces", json.dumps(json.loads(otlp_body(traces[1])), indent=1).encode())
    assert answers(console, usual[0], spaced, usual[2], count=3) == [200, 200, 200]
    assert [is_kept(console, trace) for trace in traces] == [True] * 3


REFUSED: list[tuple[bytes, bytes, int]] = [
    (b"Host: 127.0.0.1", b"Host: evil.example", 421),
    (b"Content-Type: application/json", b"Content-Type: text/plain", 415),
    (b"\r\n\r\n", b"\r\nOrigin: http://evil.example\r\n\r\n", 403),
    (b"\r\n\r\n", b"\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403),
    (b'"kind":2', b'"kind":2,"events":"bad"', 400),
    (b'"spanId":"0', b'"spanId":"x', 400),
]


@pytest.mark.parametrize(("part", "other", "status"), REFUSED, ids=range(len(REFUSED)))
def test_what_differs_by_one_thing_is_refused_as_ever(
    console: RunningConsole, part: bytes, other: bytes, status: int
) -> None:
    trace = uuid.uuid4().hex
    body = otlp_body(trace)
    if part in body:
        body = body.replace(part, other, 1)
        sent = post(console, "/v1/traces", body)
    else:
        sent = post(console, "/v1/traces", body).replace(part, other, 1)
    assert answers(console, sent, count=1) == [status]
    assert not is_kept(console, trace)


def test_a_sender_that_leaves_in_the_middle_leaves_nothing(console: RunningConsole) -> None:
    trace = uuid.uuid4().hex
    with closing(socket.create_connection(("127.0.0.1", console.port))) as connection:
        connection.sendall(post(console, "/v1/traces", otlp_body(trace))[:-1])
    assert not is_kept(console, trace)


def test_very_many_spans_are_found_right_after_they_were_sent(console: RunningConsole) -> None:
    traces = [uuid.uuid4().hex for _ in range(2_000)]
    sent = [post(console, "/v1/traces", otlp_body(trace)) for trace in traces]
    assert answers(console, *sent, count=len(sent)) == [200] * len(sent)
    assert is_kept(console, traces[0])
    assert is_kept(console, traces[-1])


def test_the_links_of_the_largest_batch_are_taken_before_they_are_read(console: RunningConsole) -> None:
    trace, of_an_order = uuid.uuid4().hex, uuid.uuid4().hex
    links = [{**link(of_an_order, number), "flags": 769} for number in range(1, 10_001)]
    body = compact(export(plain_span(traceId=trace, links=links)))

    with closing(socket.create_connection(("127.0.0.1", console.port), timeout=20)) as connection:
        connection.sendall(post(console, "/v1/traces", body))
        answer = connection.recv(65_536)

    # aiohttp, which reads them first, would say more.
    assert answer == b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    assert console.client.get(f"/api/traces/{trace}").json()["spans"][0]["linkCount"] == 10_000
