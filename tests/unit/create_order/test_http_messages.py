"""Kong's event, read: the Idempotency-Key in both forms, the trace context, the customer."""

from __future__ import annotations

import base64
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.generated import BOUNDED

from contracts.errors import InvalidCustomerError, InvalidIdempotencyKeyError
from contracts.http import problem
from contracts.idempotency import IDEMPOTENCY_KEY_MAX
from create_order import http_messages
from orders.openapi.operations import IDEMPOTENCY_KEY

visible = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=255)
described = jsonschema_rs.validator_for(IDEMPOTENCY_KEY["schema"])


def event(**headers: str) -> dict[str, Any]:
    given_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "httpMethod": "POST",
        "headers": {"x-consumer-custom-id": "demo", "content-type": "application/json", **given_headers},
        "body": base64.b64encode(b'{"amount": 1}').decode(),
        "isBase64Encoded": True,
    }


def key(header: str) -> str | None:
    return http_messages.parse(event(idempotency_key=header)).idempotency_key


def key_or_refusal(header: str) -> tuple[str | None, InvalidIdempotencyKeyError | None]:
    try:
        return key(header), None
    except InvalidIdempotencyKeyError as error:
        return None, error


@BOUNDED
@given(visible)
def test_a_quoted_key_is_the_text_between_the_quotes(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert key(f'"{escaped}"') == text


@BOUNDED
@given(visible)
def test_a_bare_key_is_itself_without_the_blanks_around_it(text: str) -> None:
    assume(text.strip() and not text.strip().startswith('"') and not set(text) & set(",;"))
    assert key(f" {text}\t") == text.strip()


REFUSED = None
KEYS = {
    "K": "K",
    " K\t": "K",
    '"K"': "K",
    '"K, K"': "K, K",
    '"a\\"b\\\\c"': 'a"b\\c',
    '"K";a=1;b="x;y"; c': "K",
    "K;a=1": "K",
    "K; a; b=?1": "K",
    "*K;*a": "*K",
    "7e3f1c52-9d3c-4a52-8e1f-5a1d3c0b8f11": "7e3f1c52-9d3c-4a52-8e1f-5a1d3c0b8f11",
    "two words": "two words",
    'in"between': 'in"between',
    "7e3f1c52-9d3c-4a52-8e1f-5a1d3c0b8f11;attempt=2": "7e3f1c52-9d3c-4a52-8e1f-5a1d3c0b8f11",
    '"K;a=1"': "K;a=1",
    "1;a": "1",
    "K;": REFUSED,
    "K;1": REFUSED,
    "K ;a": REFUSED,
    "K;a=1,L": REFUSED,
    ";a": REFUSED,
    "K, K": REFUSED,
    "K,K": REFUSED,
    '"K", "K"': REFUSED,
    '"K","L"': REFUSED,
    '"K" "K"': REFUSED,
    '"K": 1': REFUSED,
    '"K': REFUSED,
    '"K";"K"': REFUSED,
    '"a\\b"': REFUSED,
    '""': REFUSED,
    "": REFUSED,
    "\u00e9": REFUSED,
    "x" * 256: REFUSED,
}


@pytest.mark.parametrize(("header", "expected"), KEYS.items())
def test_a_header_is_one_key_or_refused(header: str, expected: str | None) -> None:
    assert key_or_refusal(header)[0] == expected
    assert expected is not REFUSED or not described.is_valid(header)


@pytest.mark.parametrize("lines", [["K", "K"], ["K", "L"], ['"K"', "K"]])
def test_two_lines_are_refused_as_a_proxy_would_merge_them(lines: list[str]) -> None:
    twice = {**event(idempotency_key=lines[0]), "multiValueHeaders": {"idempotency-key": lines}}
    with pytest.raises(InvalidIdempotencyKeyError):
        http_messages.parse(twice)


@BOUNDED
@given(st.text(max_size=300) | st.text(st.characters(max_codepoint=0x80), max_size=300))
def test_any_other_key_is_refused_with_400(text: str) -> None:
    found, refusal = key_or_refusal(text)
    if refusal is None:
        assert found
        assert len(found) <= 255
        assert found.isascii()
        assert found.isprintable()
    else:
        assert problem(refusal)["status"] == 400
        assert f"1 to {IDEMPOTENCY_KEY_MAX} " in problem(refusal)["detail"]
        assert not described.is_valid(text)


@BOUNDED
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_malformed_trace_context_goes_no_further(traceparent: str, tracestate: str) -> None:
    assert http_messages.parse(event(traceparent=traceparent, tracestate=tracestate)).trace_headers == {}


@pytest.mark.parametrize("tracestate", ["a\r\nb: c", "\x00", "é", "x" * 513])
def test_a_malformed_tracestate_goes_no_further(tracestate: str) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    command = http_messages.parse(event(traceparent=traceparent, tracestate=tracestate))
    assert command.trace_headers == {"traceparent": traceparent}


@pytest.mark.parametrize("customer", ["a\nb", "\x00", "\x7f", "x" * 256, "\ud800"])
def test_a_customer_that_no_event_can_carry_is_refused(customer: str) -> None:
    with pytest.raises(InvalidCustomerError) as raised:
        http_messages.parse(event(x_consumer_custom_id=customer))
    assert problem(raised.value)["status"] == 401
