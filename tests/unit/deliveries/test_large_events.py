"""The runtime client with another parser: the same events, the same complaints; what is not known is left alone."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from awslambdaric import bootstrap, lambda_runtime_client
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generated import BOUNDED, json_values

from deliveries import large_events
from deliveries.large_events import COLLECT_AFTER, Marshaller, prepare

PLAIN = LambdaMarshaller()
QUICK = Marshaller(PLAIN)
# What parsers of JSON have been seen to disagree on.
ODD = [
    b"",
    b" {} ",
    b"{} {}",
    b"\xef\xbb\xbf{}",
    b"\xff",
    b'"\xff"',
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"-0",
    b"-0.0",
    b"01",
    b"1.",
    b".1",
    b"+1",
    b"0.1e1",
    b"123456789012345678901234567890",
    b"0.30000000000000004",
    b"2.2250738585072011e-308",
    b"7" * 5000,
    b'"\\ud800"',
    b'"\\ud83e\\uddfe"',
    b'"\\u0000"',
    b'"\x00"',
    b'"\n"',
    b"[1,]",
    b'{"a":1,}',
    b'{"a":1,"a":2}',
    b"[" * 150 + b"]" * 150,
    b"[" * 500 + b"]" * 500,
    b"{'a':1}",
    b"/**/1",
    b"True",
]
floats = st.floats(allow_nan=False, allow_infinity=False)
documents = (json_values | floats | st.integers()).map(lambda value: json.dumps(value, ensure_ascii=False))


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    payload = draw(documents).encode()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(payload)))
        payload = payload[:at] + draw(st.binary(max_size=3)) + payload[at + draw(st.integers(0, 2)) :]
    return payload


def outcome(marshaller: Any, payload: bytes, *content_type: str) -> str:
    """What comes of it, with the type and the exact number of everything in it."""
    try:
        return repr(marshaller.unmarshal_request(payload, *content_type))
    except Exception as error:
        return f"{type(error).__name__}: {getattr(error, 'exception_type', '')} {getattr(error, 'msg', error)}"


@pytest.mark.parametrize("payload", ODD)
def test_an_odd_event_is_what_the_client_makes_of_it(payload: bytes) -> None:
    assert outcome(QUICK, payload) == outcome(PLAIN, payload)


@settings(BOUNDED, max_examples=300)
@given(payloads())
def test_any_event_is_what_the_client_makes_of_it(payload: bytes) -> None:
    assert outcome(QUICK, payload) == outcome(PLAIN, payload)


def test_what_is_no_json_stays_as_it_came() -> None:
    assert outcome(QUICK, b"{}", "application/octet-stream") == outcome(PLAIN, b"{}", "application/octet-stream")


def test_answers_are_the_clients_own() -> None:
    assert QUICK.marshal_response({"a": "é"}) == PLAIN.marshal_response({"a": "é"})


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[LambdaRuntimeClient]]:
    """The installed client's class, and the collector, as they are before and after the test."""
    monkeypatch.setattr(LambdaRuntimeClient, "marshaller", PLAIN)
    thresholds = gc.get_threshold()
    yield LambdaRuntimeClient
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_the_installed_client_parses_with_it_from_the_next_event_on(
    replaced: type[LambdaRuntimeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr(large_events, "from_json", lambda request, **_: parsed.append(request) or json.loads(request))
    client = replaced("127.0.0.1:9001")
    answers: list[Any] = []
    monkeypatch.setattr(client, "post_invocation_result", lambda _, result, *__: answers.append(result))

    def handle(request: bytes) -> None:
        bootstrap.handle_event_request(
            client, lambda event, _: event, "id", request, "application/json", None, None, "arn", 0, None, None
        )

    handle(b'{"a": 1}')
    prepare()
    prepare()
    handle(b'{"a": 2}')
    assert (parsed, answers) == ([b'{"a": 2}'], ['{"a": 1}', '{"a": 2}'])


@pytest.mark.parametrize(
    "client",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(LambdaRuntimeClient=SimpleNamespace()),
        SimpleNamespace(LambdaRuntimeClient=SimpleNamespace(marshaller=SimpleNamespace(unmarshal_request=len))),
    ],
)
def test_a_client_that_is_not_known_is_left_alone(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = repr(client), gc.get_threshold()
    monkeypatch.setitem(sys.modules, "awslambdaric.lambda_runtime_client", client)
    prepare()
    assert (repr(client), gc.get_threshold()) == before


def test_the_largest_batch_is_worked_off_without_a_collection(replaced: type[LambdaRuntimeClient]) -> None:
    record = {"basicProperties": {"headers": {"traceparent": {"bytes": [48] * 55}}}, "redelivered": False, "data": ""}
    payload = json.dumps({"rmqMessagesByQueue": {"q::/": [record] * 10_000}}).encode()
    prepare()
    client = replaced("127.0.0.1:9001")
    gc.collect()
    collected: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        collected.append(phase)

    gc.callbacks.append(note)
    try:
        event = client.marshaller.unmarshal_request(payload)
        held = [(tuple(message), dict(message)) for message in event["rmqMessagesByQueue"]["q::/"]]
    finally:
        gc.callbacks.remove(note)
    assert (len(held), collected) == (10_000, [])
    assert 10 * len(held) < COLLECT_AFTER
    assert lambda_runtime_client.LambdaRuntimeClient is client.__class__
