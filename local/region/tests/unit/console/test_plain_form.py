"""What is taken unread is never refused when it is read, and what functions and gateways write is taken."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from unit.console.spans import OTHER, compact, export, link, otlp_span, plain_request, plain_span, span_id

from localregion.console.traces.plain_form import FORMS

OTLP, ZIPKIN = b"/v1/traces", b"/api/v2/spans"


NOTES = [{"value": "krs", "timestamp": 1_700_000_000_123_456}]
PLAIN: list[tuple[bytes, Any]] = [
    (OTLP, export(plain_span())),
    (OTLP, export()),
    (
        OTLP,
        export(
            plain_span(
                parentSpanId=span_id(9),
                traceState="a=b",
                links=[{**link(OTHER), "flags": 769}, {**link(OTHER), "flags": 1}],
            ),
            plain_span(2, status={"code": 2, "message": "OperationalError"}),
        ),
    ),
    (ZIPKIN, []),
    (ZIPKIN, [plain_request()]),
    (ZIPKIN, [plain_request(parentId=span_id(9), annotations=NOTES), plain_request(remoteEndpoint=None)]),
]
# Not plain, though readable; and what is no span data at all.
OTHERS: list[tuple[bytes, bytes]] = [
    (OTLP, json.dumps(export(plain_span())).encode()),
    (OTLP, compact(export(otlp_span(1)))),
    (OTLP, compact(export(plain_span(name="caf\u00e9")))),
    (OTLP, compact(export(plain_span())) + b" "),
    (OTLP, compact(export(plain_span())).replace(b'"kind":2', b'"kind":NaN')),
    (OTLP, compact(export(plain_span())).replace(b"1.5e-07", b"Infinity")),
    (OTLP, compact(export(plain_span(traceId="0" * 32)))),
    (OTLP, compact(export(plain_span(parentSpanId="x" * 16)))),
    (OTLP, compact(export(plain_span(startTimeUnixNano="9" * 20)))),
    (ZIPKIN, compact([plain_request()]).replace(b"POST", b"\xff")),
    (ZIPKIN, compact([plain_request(id="0" * 16)])),
    (ZIPKIN, compact([plain_request(timestamp=-1)])),
    (ZIPKIN, compact([plain_request(timestamp=10**18)])),
]


@pytest.mark.parametrize(("path", "document"), PLAIN, ids=range(len(PLAIN)))
def test_what_functions_and_gateways_write_is_plain(path: bytes, document: Any) -> None:
    is_plain, decode = FORMS[path]
    assert is_plain(compact(document))
    decode(document)


@pytest.mark.parametrize(("path", "body"), OTHERS, ids=range(len(OTHERS)))
def test_everything_else_is_not(path: bytes, body: bytes) -> None:
    assert not FORMS[path][0](body)


PIECES = [b"", b"0", b"00", b"9" * 8, b"f", b'"', b"\\", b",", b":", b"}", b"]", b"-", b"e", b".", b"\n", b"\xff"]


def changed(body: bytes, dice: random.Random) -> bytes:
    """The body with a few octets gone, doubled or replaced by others that JSON and spans are made of."""
    for _ in range(dice.randrange(1, 3)):
        at = dice.randrange(len(body) or 1)
        piece = dice.choice(
            [b"", b"0", b"00", b"9" * 8, b"f", b'"', b"\\", b",", b":", b"}", b"]", b"-", b"e", b".", b"\n"]
        )
        body = body[:at] + piece + body[at + dice.randrange(3) :]
    return body


def test_no_body_that_is_plain_is_refused_when_it_is_read() -> None:
    dice, plain = random.Random(7), 0
    for _ in range(6_000):
        path, document = dice.choice(PLAIN)
        is_plain, decode = FORMS[path]
        body = changed(compact(document), dice)
        if is_plain(body):
            plain += 1
            decode(json.loads(body))
    assert plain > 300


def test_a_body_that_almost_is_plain_costs_no_more_than_its_length() -> None:
    many = compact(export(*[plain_span(number, name="\\" * 1_000) for number in range(1, 31)]))
    assert FORMS[OTLP][0](many)
    assert not FORMS[OTLP][0](many[:-1] + b"x")
